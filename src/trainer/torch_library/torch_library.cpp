#include "trainer/torch_library/torch_library.hpp"

#include <dlfcn.h>

#include "core/error.hpp"
#include "trainer/torch_library/entry.hpp"

namespace stemma {
namespace {

constexpr auto file_name = "libstemma_torch.so";

std::string last_error() {
    const auto* text = ::dlerror();
    return text == nullptr ? "unknown error" : text;
}

struct Loaded {
    const TorchLibrary* library = nullptr;
    std::string problem;
};

Loaded load() {
    void* const handle = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        return {nullptr,
                "this program has no LibTorch (" + last_error() +
                    "); use an installation with LibTorch (docs/install.md), or trainer.type = \"process\" or \"toy\""};
    }
    // The stamp is looked at before any type of the library's is touched.
    const auto stamp = reinterpret_cast<const char* (*)()>(::dlsym(handle, "stemma_torch_stamp"));
    const auto entry = reinterpret_cast<const TorchLibrary* (*)()>(::dlsym(handle, "stemma_torch_library"));
    if (stamp == nullptr || entry == nullptr || stamp() != torch_stamp()) {
        return {nullptr, std::string(file_name) + " belongs to another version of Stemma (" +
                             (stamp == nullptr ? "no stamp" : stamp()) + ", where this program is " + torch_stamp() +
                             "); install or build both together"};
    }
    return {entry(), {}};
}

}  // namespace

const TorchLibrary& torch_library() {
    static const auto loaded = load();
    if (loaded.library == nullptr) throw UserError(loaded.problem);
    return *loaded.library;
}

}  // namespace stemma
