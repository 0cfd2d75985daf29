#include "trainer/process/refused_command.hpp"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(RefusedCommand, IsTheLineThatSaysWhy) {
    const std::string usage = "usage: train.py [-h] --lr LR\n";
    for (const std::string line : {
             "train.py: error: unrecognized arguments: --momentum=0.9",          // argparse, Python 3.11
             "train.py: error: the following arguments are required: --data",    // argparse
             "Error: No such option: --momentum Did you mean --moment?",         // click 8
             "Error: Missing option '--data'.",                                  // click 8
             "FATAL Flags parsing error: Unknown command line flag 'momentum'",  // absl
             "./train: unrecognized option '--momentum=0.9'",                    // getopt_long, glibc
             "Key 'momentum' is not in struct",                                  // Hydra 1.3
             "python3: can't open file 'train.py': [Errno 2] No such file or directory",
             "ModuleNotFoundError: No module named 'torch'",
         }) {
        EXPECT_EQ(refusal_of_command(usage + line + "\n"), line);
        EXPECT_EQ(refusal_of_command(line), line);
    }
}

TEST(RefusedCommand, ValuesAreNoMistakeOfTheCommand) {
    for (const std::string text : {
             "",
             "train.py: error: argument --optimizer: invalid choice: 'lion' (choose from 'sgd', 'adam')",
             "train.py: error: argument --width: invalid int value: '3.5'",
             "Error: Invalid value for '--lr': 7.0 is not in the range 0<=x<=1.",
             "ValueError: unknown optimizer",
             "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
         }) {
        EXPECT_EQ(refusal_of_command(text), "");
    }
}

}  // namespace
}  // namespace stemma
