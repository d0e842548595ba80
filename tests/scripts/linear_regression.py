"""A line through noisy points, by gradient descent."""

import torch
from torch import nn

torch.manual_seed(42)

x = torch.linspace(-1, 1, 64).unsqueeze(1)
y = 3 * x + 2 + 0.3 * torch.randn(x.size())

model = nn.Linear(1, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

losses = []
for epoch in range(200):
    prediction = model(x)
    loss = criterion(prediction, y)

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    losses.append(loss.item())
    if (epoch + 1) % 50 == 0:
        print(f"epoch {epoch + 1:3d}  loss {loss.item():.4f}")

slope, intercept = model.weight.item(), model.bias.item()
print(f"y = {slope:.2f} x + {intercept:.2f}")
