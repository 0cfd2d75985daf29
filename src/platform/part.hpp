#pragma once
// A part of the program in a shared library of its own. Only some processes need the part, and some machines lack it.

#include <cstddef>
#include <initializer_list>
#include <string>

namespace stemma {

struct LoadedPart {
    const void* table = nullptr;  ///< what the part offers, or
    std::string problem = {};     ///< why it cannot be used
};

/// Loads libstemma_NAME.so from the folders that the linker wrote into the program, or from LD_LIBRARY_PATH. The
/// folders are the program's own folder in a build, and LIBDIR/stemma in an installation. The library has two functions
/// in C. stemma_NAME_stamp() returns a text that must equal `stamp`; stemma_NAME_part() returns the table. Never
/// unloaded. Costs the loading of the libraries behind the part.
LoadedPart load_part(const std::string& name, const std::string& stamp);

/// Differs between builds whose types differ. `bytes`: sizes of types that the table's functions take. Static: the
/// loader would give the part the program's copy of an inline function, and the two stamps would always agree.
static inline std::string part_stamp(const char* version, std::initializer_list<std::size_t> bytes) {
    std::string text = std::string("stemma ") + version + "-" + std::to_string(__GXX_ABI_VERSION);
#ifdef _GLIBCXX_USE_CXX11_ABI
    text += "-" + std::to_string(_GLIBCXX_USE_CXX11_ABI);
#endif
    for (const auto size : bytes) text += "-" + std::to_string(size);
    return text;
}

}  // namespace stemma
