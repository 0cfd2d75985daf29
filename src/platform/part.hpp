#pragma once
// A part of the program that is a shared library beside it: what only some processes need, and some machines do not
// have.

#include <cstddef>
#include <initializer_list>
#include <string>

namespace stemma {

struct LoadedPart {
    const void* table = nullptr;  ///< what the part offers, or
    std::string problem = {};     ///< why it cannot be used
};

/// Loads libstemma_NAME.so, from the folders that the linker wrote into the program (its own folder in a build,
/// LIBDIR/stemma where it is installed) or LD_LIBRARY_PATH. It has two functions in C: stemma_NAME_stamp() gives a text
/// that must equal `stamp`, stemma_NAME_part() the table. Never unloaded. Costs what the libraries behind it cost.
LoadedPart load_part(const std::string& name, const std::string& stamp);

/// Differs between builds whose types differ; `bytes`: sizes of types that the table's functions take. Static: the
/// loader would give the part the program's copy of an inline function, and the two would always agree.
static inline std::string part_stamp(const char* version, std::initializer_list<std::size_t> bytes) {
    std::string text = std::string("stemma ") + version + "-" + std::to_string(__GXX_ABI_VERSION);
#ifdef _GLIBCXX_USE_CXX11_ABI
    text += "-" + std::to_string(_GLIBCXX_USE_CXX11_ABI);
#endif
    for (const auto size : bytes) text += "-" + std::to_string(size);
    return text;
}

}  // namespace stemma
