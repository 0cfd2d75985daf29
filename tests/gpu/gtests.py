"""Test programs of GoogleTest on the device: how many pass, and which fail."""

import re

from machine import Cut, Failed

# What trains through the trainer; the other tests of these programs are about tensors of the host. And a few of them.
ON_DEVICE = {
    "unit_networks": "LanguageModel.*:ResNet18.LearnsImages:ResNet18.HypergradientsMoveAndGoOnBitForBit",
    "unit_hypergradient": "MovingMember.*:Settling.MembersResume*",
}
A_FEW = {
    "unit_networks": "LanguageModel.TheStateGoesOn*",
    "unit_hypergradient": "MovingMember.GoesOnBitForBitBetweenEpochs",
}


def run(machine, program, pattern):
    """(tests that passed, names that failed, whether the time was over)."""
    words = [machine.program(program), f"--gtest_filter={pattern}", "--gtest_brief=0"]
    try:
        over, output = (
            False,
            machine.run(*words, codes=(0, 1), STEMMA_TEST_DEVICE=machine.device, **machine.pretended()),
        )
    except Cut as cut:
        over, output = True, cut.output
    passed = set(re.findall(r"^\[       OK \] (\S+)", output, re.MULTILINE))
    started = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
    failed = set(re.findall(r"^\[  FAILED  \] (\w+[./]\S+?),? ", output, re.MULTILINE))
    failed |= {} if over else set(started) - passed
    return len(passed), sorted(failed), over


def told(results):
    passed, failed = sum(result[0] for result in results), [name for result in results for name in result[1]]
    text = f"{passed} passed, {len(failed)} failed"
    if failed:
        raise Failed(f"{text}: {', '.join(failed[:5])}")
    if any(result[2] for result in results):
        raise Cut(0, f"{text} before the time was over")
    if passed == 0:
        raise Failed("no test ran")
    return text


def contract(machine):
    pattern = "*" if machine.large else "*/mlp_adamw:*/mlp_by_steps_sgd:*/lstm_by_step"
    return told([run(machine, "contract_torch_trainer", pattern)]), "each model and optimizer"


def unit(machine):
    wanted = ON_DEVICE if machine.large else A_FEW
    results = [run(machine, program, pattern) for program, pattern in wanted.items()]
    return told(results), ", ".join(ON_DEVICE)
