#include "platform/part.hpp"

#include <dlfcn.h>

namespace stemma {

LoadedPart load_part(const std::string& name, const std::string& stamp) {
    const auto file = "libstemma_" + name + ".so";
    void* const handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const auto* text = ::dlerror();
        return {nullptr, text == nullptr ? file + " cannot be loaded" : text};
    }
    // The stamp is checked before any type of the part is used.
    const auto own = reinterpret_cast<const char* (*)()>(::dlsym(handle, ("stemma_" + name + "_stamp").c_str()));
    const auto table = reinterpret_cast<const void* (*)()>(::dlsym(handle, ("stemma_" + name + "_part").c_str()));
    if (own != nullptr && table != nullptr && own() == stamp) return {table(), {}};
    return {nullptr, file + " belongs to another version of Stemma (" + (own == nullptr ? "no stamp" : own()) +
                         ", and the program is " + stamp + "); install or build both together"};
}

}  // namespace stemma
