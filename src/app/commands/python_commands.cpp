#include "app/commands/python_commands.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "app/console/print.hpp"
#include "core/error.hpp"
#include "platform/launch.hpp"
#include "platform/python_package.hpp"

namespace stemma {

namespace {

std::string value_of(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

/// The absolute entries of a list of folders: they are the same in every working folder. "" stands for the working
/// folder, and is common in `PYTHONPATH=$PYTHONPATH:/more`.
std::string absolute_entries(std::string_view list) {
    std::string kept;
    while (!list.empty()) {
        const auto entry = list.substr(0, list.find(':'));
        list.remove_prefix(std::min(entry.size() + 1, list.size()));
        if (!entry.starts_with('/')) continue;
        if (!kept.empty()) kept += ':';
        kept += entry;
    }
    return kept;
}

/// The command that starts the package in that Python. Never `-m`: it looks first in the working folder, which may be
/// another user's, and runs its random.py.
std::vector<std::string> start_of_package(const std::string& python) {
    if (const auto folder = python_package_folder(); !folder.empty()) {
        return {python, (folder / "stemma" / "__main__.py").string()};
    }
    return {python, "-c",
            "import sys; sys.path[:] = [entry for entry in sys.path if entry]; "
            "from stemma.__main__ import main; sys.exit(main())"};
}

/// STEMMA_PYTHON, else the interpreter of the environment that this program is in (pip install), else the first in
/// PATH.
std::string interpreter(const Environment& environment) {
    if (auto chosen = value_of(environment, "STEMMA_PYTHON"); !chosen.empty()) return chosen;
    std::error_code error;
    const auto beside = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "python3";
    return !error && ::access(beside.c_str(), X_OK) == 0 ? beside.string() : "python3";
}

}  // namespace

void become_python(const std::vector<std::string>& words) {
    const auto environment = read_environment();
    const auto python = interpreter(environment);
    for (const auto* name : {"PYTHONPATH", "PATH"}) {
        const auto folders = absolute_entries(value_of(environment, name));
        // An empty PATH means the working folder; no PATH means the system's own folders.
        folders.empty() ? ::unsetenv(name) : ::setenv(name, folders.c_str(), 1);
    }
    auto all = start_of_package(python);
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (auto& word : all) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::fflush(nullptr);
    ::execvp(python.c_str(), arguments.data());
    throw UserError(fmt::format(
        "{}: cannot be started ({}). This subcommand is written in Python: install python3, or set STEMMA_PYTHON to an "
        "interpreter that has h5py, numpy and pandas",
        python, std::strerror(errno)));
}

ExitCode run_python(const std::vector<std::string>& words) {
    std::fflush(nullptr);
    const auto child = ::fork();
    if (child < 0) throw UserError(fmt::format("Python cannot be started ({})", std::strerror(errno)));
    if (child == 0) {
        try {
            become_python(words);
        } catch (const UserError& error) {
            print_error(fmt::format("stemma: {}", error.what()));
        }
        ::_exit(static_cast<int>(ExitCode::user_error));  // not exit: the parent's buffers and handlers are its own
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? static_cast<ExitCode>(WEXITSTATUS(status)) : ExitCode::internal_error;
}

}  // namespace stemma
