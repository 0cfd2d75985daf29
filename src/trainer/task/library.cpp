#include <dlfcn.h>

#include <string>

#include "core/error.hpp"
#include "trainer/task/task.hpp"

namespace stemma {
namespace {

std::string last_error() {
    const auto* text = ::dlerror();
    return text == nullptr ? "unknown error" : text;
}

}  // namespace

std::vector<Task> load_tasks(const std::string& file) {
    // A bare name would be searched in the system's folders.
    const auto path = file.find('/') == std::string::npos ? "./" + file : file;
    void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw UserError("trainer.library: " + file + " cannot be loaded: " + last_error());
    // The stamp holds plain numbers. It is checked before any other type of the library is used.
    const auto stamp = reinterpret_cast<AbiStamp (*)()>(::dlsym(library, "stemma_abi"));
    const auto entry = reinterpret_cast<void (*)(TaskLibrary&)>(::dlsym(library, "stemma_library"));
    if (stamp == nullptr || entry == nullptr) {
        throw UserError("trainer.library: " + file +
                        " is no library for Stemma: it has no stemma_abi and stemma_library "
                        "(docs/bring-your-model.md)");
    }
    if (stamp() != abi_of_this_build()) {
        throw UserError("trainer.library: " + file +
                        " was built for another version of Stemma or with another compiler; build it again with "
                        "find_package(Stemma) of this installation");
    }
    TaskLibrary out;
    entry(out);
    return std::move(out.tasks());
}

}  // namespace stemma
