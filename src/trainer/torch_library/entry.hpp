#pragma once
// What the shared library and the program must agree on before one calls the other.

#include <string>

#include "space/search_space.hpp"
#include "trainer/task/task.hpp"
#include "trainer/torch_library/torch_settings.hpp"

namespace stemma {

/// Differs between builds whose types differ. Static: the loader would give the library the program's copy of an inline
/// function, and the two would always agree.
static inline std::string torch_stamp() {
    const auto abi = abi_of_this_build();
    std::string text = "stemma " STEMMA_VERSION;
    for (const auto number : {abi.version, abi.compiler, abi.standard, abi.request_bytes, abi.task_bytes,
                              static_cast<int>(sizeof(TorchSettings)), static_cast<int>(sizeof(SearchSpace))}) {
        text += "-" + std::to_string(number);
    }
    return text;
}

}  // namespace stemma
