#include "trainer/process/process_tree.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace stemma {
namespace {

namespace fs = std::filesystem;

/// Children of each process, from the whole of /proc: for kernels that do not list children.
std::map<int, std::vector<int>> all_children() {
    std::map<int, std::vector<int>> children;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto name = entry.path().filename().string();
        int pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
        std::ifstream file(entry.path() / "stat");
        std::string line;
        std::getline(file, line);
        const auto after_name = line.rfind(')');  // the name may hold any character
        int parent = 0;
        if (after_name == std::string::npos || after_name + 4 > line.size()) continue;
        std::from_chars(line.data() + after_name + 4, line.data() + line.size(), parent);
        children[parent].push_back(pid);
    }
    return children;
}

/// Children that the process's threads started. False if the kernel does not say.
bool listed_children(int pid, std::vector<int>& into) {
    std::error_code error;
    bool known = false;
    for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
        std::ifstream file(task.path() / "children");
        known |= file.is_open();
        for (int child = 0; file >> child;) into.push_back(child);
    }
    return known;
}

std::vector<int> descendants(int root) {
    std::vector<int> found;
    if (listed_children(root, found)) {
        for (std::size_t i = 0; i < found.size(); ++i) {
            for (const int child : children_of(found[i])) found.push_back(child);
        }
        return found;
    }
    auto children = all_children();
    found = children[root];
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto& more = children[found[i]];
        for (const int child : more) found.push_back(child);  // g++ 14 sees an overflow in insert() that is not there
    }
    return found;
}

std::uint64_t resident(int pid) {
    std::ifstream file(fmt::format("/proc/{}/statm", pid));
    std::uint64_t total = 0, pages = 0;
    if (!(file >> total >> pages)) return 0;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t proportional(int pid) {
    std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("Pss:")) continue;
        std::uint64_t kib = 0;
        const auto digits = line.find_first_of("0123456789");
        if (digits == std::string::npos) break;
        std::from_chars(line.data() + digits, line.data() + line.size(), kib);
        return kib << 10U;
    }
    return resident(pid);
}

}  // namespace

std::vector<int> children_of(int process) {
    std::vector<int> children;
    if (listed_children(process, children)) return children;
    return all_children()[process];
}

std::uint64_t tree_memory(std::span<const int> processes, std::uint64_t enough) {
    std::vector<int> all;
    for (const int process : processes) {
        const auto below = descendants(process);
        all.insert(all.end(), below.begin(), below.end());
    }
    std::uint64_t sum = 0;
    for (const int pid : all) sum += resident(pid);
    if (sum <= enough) return sum;
    sum = 0;
    for (const int pid : all) sum += proportional(pid);
    return sum;
}

}  // namespace stemma
