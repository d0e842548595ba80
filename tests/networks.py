"""Networks of real size, for the tests of folding: their structure is the published one, their images are small."""

from __future__ import annotations

RESNET = """
F = nn.functional
class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)
class ResNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self.layer(64, 64, 1)
        self.layer2 = self.layer(64, 128, 2)
        self.layer3 = self.layer(128, 256, 2)
        self.layer4 = self.layer(256, 512, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512, classes)
    def layer(self, inputs, outputs, stride):
        return nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs))
    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))
torch.manual_seed(0)
model = ResNet()
images, labels = torch.randn(2, 3, 32, 32), torch.tensor([1, 2])
"""
RESNET_STEP = "loss = F.cross_entropy(model(images), labels)\nloss.backward()"
# 20 convolutions, 20 norms with 17 rectifiers and 8 sums, a pool of each kind, flatten, the last layer, the loss
RESNET_OPERATIONS = 20 + 20 + 17 + 8 + 2 + 1 + 1 + 1

TRANSFORMER = """
F = nn.functional
torch.manual_seed(0)
layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
head = nn.Linear(16, 5)
src = torch.randn(2, 7, 16)
"""
TRANSFORMER_STEP = (
    "logits = head(encoder(src)[:, 0])\nloss = F.cross_entropy(logits, torch.tensor([0, 3]))\nloss.backward()"
)
# The first layer's input wants no gradient, so that turning it around is no operation
TRANSFORMER_OPERATIONS = 12 + 13 + 3
