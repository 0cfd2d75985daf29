"""As in docs/several-processes.md: Accelerate, whose processes Stemma or torchrun starts."""

import stemma
import torch
from accelerate import Accelerator
from torch.utils.data import DataLoader, TensorDataset

draw = torch.Generator().manual_seed(1)
x = torch.randn(96, 5, generator=draw)
y = x.pow(2).sum(1, keepdim=True)

for trial in stemma.trials():
    with trial:
        accelerator = Accelerator(cpu=True)
        trial.seed()
        model = torch.nn.Sequential(
            torch.nn.Linear(5, 16), torch.nn.ReLU(), torch.nn.Dropout(trial["dropout"]), torch.nn.Linear(16, 1)
        )
        optimizer = torch.optim.SGD(
            model.parameters(), lr=trial["lr"], momentum=0.9, weight_decay=trial["weight_decay"]
        )
        order = torch.Generator()
        loader = DataLoader(TensorDataset(x[:64], y[:64]), 16 // trial.ranks, shuffle=True, generator=order)
        trial.restore(model=model, optimizer=optimizer)
        model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
        for epoch in trial:
            order.manual_seed(epoch)
            model.train()
            for inputs, labels in loader:
                optimizer.zero_grad()
                accelerator.backward(torch.nn.functional.mse_loss(model(inputs), labels))
                optimizer.step()
            model.eval()
            with torch.no_grad():
                loss = torch.nn.functional.mse_loss(accelerator.unwrap_model(model)(x[64:]), y[64:]).item()
            trial.report(valid_loss=loss)
