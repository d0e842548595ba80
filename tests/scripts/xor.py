"""The exclusive or, which no line can part: a hidden layer of four."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(1)

X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])


class XOR(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 4)
        self.output = nn.Linear(4, 1)

    def forward(self, x):
        x = torch.tanh(self.hidden(x))
        return torch.sigmoid(self.output(x))


net = XOR()
loss_function = nn.BCELoss()
optimizer = optim.SGD(net.parameters(), lr=0.5, momentum=0.9)

losses = []
for step in range(300):
    optimizer.zero_grad()
    output = net(X)
    loss = loss_function(output, Y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

with torch.no_grad():
    probabilities = net(X)
    answers = (probabilities > 0.5).int().flatten().tolist()
print(net)
print(answers)
