#pragma once
// The one header for training code of your own. Installed as <stemma.hpp>; link Stemma::task (a shared library that the
// program stemma loads) or Stemma::main (a program of your own).

#include "core/error.hpp"
#include "trainer/task/task.hpp"

namespace stemma {

/// All that the program `stemma` does, with these tasks beside its own trainers: [trainer] type = "task".
int main(int argc, char** argv, std::vector<Task> tasks = {});

}  // namespace stemma

/// In every library that includes this header, for the program that loads it to compare with its own. A function, since
/// inline variables are shared by all that is loaded.
extern "C" [[gnu::used]] inline stemma::AbiStamp stemma_abi() {
    constexpr auto stamp = stemma::abi_of_this_build();
    return stamp;
}
