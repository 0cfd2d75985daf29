#pragma once
// The one header for training code of a user. Installed as <stemma.hpp>. Link Stemma::task (a shared library that the
// program stemma loads) or Stemma::main (a program of your own).

#include "core/error.hpp"
#include "trainer/task/task.hpp"

namespace stemma {

/// The whole program `stemma`, with these tasks beside its own trainers: [trainer] type = "task".
int main(int argc, char** argv, std::vector<Task> tasks = {});

}  // namespace stemma

/// Compiled into every library that includes this header. The program that loads the library compares the stamp with
/// its own. A function, because inline variables are shared by all loaded libraries.
extern "C" [[gnu::used]] inline stemma::AbiStamp stemma_abi() {
    constexpr auto stamp = stemma::abi_of_this_build();
    return stamp;
}
