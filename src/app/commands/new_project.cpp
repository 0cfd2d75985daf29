// `stemma new`: a small project that runs at once. Its files are the examples of docs/examples, renamed.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "app/commands/commands.hpp"
#include "app/commands/python_commands.hpp"
#include "app/console/print.hpp"
#include "core/error.hpp"
#include "project_templates.hpp"  // made by CMake from docs/examples

namespace stemma {

namespace {

struct File {
    std::string name;
    std::string content;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::vector<File> python_project(const std::string& name) {
    auto job = replaced(project_templates::python_job, "name = \"small_network\"", fmt::format("name = \"{}\"", name));
    job = job.substr(job.find('\n') + 1);
    return {{"train.py", replaced(replaced(project_templates::python_program, "small_network.toml", "job.toml"),
                                  "small_network", "train")},
            {"job.toml", replaced(job, "small_network", "train")},
            {"README.md",
             fmt::format("# {}\n\n```sh\nstemma conform --job job.toml   # does the program keep to the protocol?\n"
                         "stemma run job.toml              # or: mpirun -n 9 stemma run job.toml\n"
                         "python3 train.py --try           # one training, without a search\n```\n"
                         "`train.py` trains a member, with Python's standard library alone. `job.toml` says what is "
                         "searched. Change both, with \"Bring your model\" (docs/bring-your-model.md) at hand. "
                         "`python3 train.py` by itself needs the package `stemma`: `pip install` it, or set "
                         "PYTHONPATH.\n",
                         name)}};
}

std::vector<File> cpp_project(const std::string& name) {
    const std::string build = project_templates::cpp_build;
    const auto renamed = [&](std::string_view text) { return replaced(std::string(text), "own_everything", name); };
    return {{name + ".cpp", renamed(project_templates::cpp_program)},
            {name + ".toml", renamed(project_templates::cpp_job)},
            {"CMakeLists.txt", renamed(build.substr(0, build.find("\n# On LibTorch")))},
            {"README.md",
             fmt::format("# {0}\n\n```sh\ncmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build\n"
                         "build/{0} run {0}.toml   # or: mpirun -n 9 build/{0} run {0}.toml\n```\n"
                         "`{0}.cpp` trains a member, `{0}.toml` says what is searched. Where Stemma is not "
                         "installed in a usual place: -DCMAKE_PREFIX_PATH=PREFIX.\n",
                         name)}};
}

}  // namespace

ExitCode new_project(const NewOptions& options) {
    const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    const auto name = std::filesystem::path(options.folder).filename().string();
    if (name.empty() || !std::ranges::all_of(name, plain)) {
        throw UserError("new: a project's name has letters, digits and _ only; got \"" + name + "\"");
    }
    if (int{options.python} + int{options.cpp} + int{!options.from.empty()} != 1) {
        throw UserError("new: give one of --python, --cpp and --from FILE");
    }
    if (std::filesystem::exists(options.folder)) {
        throw UserError("new: " + options.folder + " is there already; choose another name");
    }
    if (!options.from.empty()) {
        std::vector<std::string> words = {"new", options.folder, "--from", options.from};
        if (!options.study.empty()) words.insert(words.end(), {"--study", options.study});
        return run_python(words);
    }
    std::filesystem::create_directories(options.folder);
    for (const auto& file : options.python ? python_project(name) : cpp_project(name)) {
        std::ofstream out(std::filesystem::path(options.folder) / file.name);
        if (!(out << file.content << std::flush))
            throw UserError("new: " + options.folder + "/" + file.name + " cannot be written");
        print(fmt::format("{}/{}\n", options.folder, file.name));
    }
    print(fmt::format("how to start it: {}/README.md\n", options.folder));
    return ExitCode::ok;
}

}  // namespace stemma
