"""Three arms of a spiral, told apart by a small network with Adam; after Stanford's course CS231n."""

import math

import torch
from torch import nn

torch.manual_seed(0)

N, D, K = 60, 2, 3  # points per class, dimensions, classes
points, labels = [], []
for j in range(K):
    radius = torch.linspace(0.0, 1, N)
    angle = torch.linspace(j * 2 * math.pi / K, (j + 2) * 2 * math.pi / K, N) + torch.randn(N) * 0.2
    points.append(torch.stack([radius * torch.sin(angle), radius * torch.cos(angle)], dim=1))
    labels.append(torch.full((N,), j, dtype=torch.long))
X, y = torch.cat(points), torch.cat(labels)

model = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, K))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=100, gamma=0.5)

losses, rates = [], []
for _ in range(200):
    scores = model(X)
    loss = criterion(scores, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    losses.append(loss.item())
    rates.append(scheduler.get_last_lr()[0])

model.eval()
with torch.no_grad():
    predicted = model(X).argmax(dim=1)
accuracy = (predicted == y).float().mean().item()
print(f"accuracy {accuracy:.2f}")
