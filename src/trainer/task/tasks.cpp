#include <algorithm>
#include <map>
#include <mutex>

#include "core/error.hpp"
#include "core/suggest.hpp"
#include "trainer/task/task.hpp"

namespace stemma {
namespace {

/// Tasks by library; "" = the program's own. Libraries are loaded once and for good.
struct Known {
    std::mutex mutex;
    std::map<std::string, std::vector<Task>> tasks;
};

Known& known() {
    static Known all;
    return all;
}

}  // namespace

void set_own_tasks(std::vector<Task> tasks) {
    const std::lock_guard lock(known().mutex);
    known().tasks[""] = std::move(tasks);
}

const Task& find_task(const std::string& library, const std::string& name) {
    const std::lock_guard lock(known().mutex);
    auto at = known().tasks.find(library);
    if (at == known().tasks.end() && !library.empty()) at = known().tasks.emplace(library, load_tasks(library)).first;
    if (at == known().tasks.end() || at->second.empty()) {
        throw UserError(library.empty() ? "trainer.library: is missing: this program has no tasks of its own"
                                        : "trainer.library: " + library + " has no tasks");
    }
    const auto& tasks = at->second;
    if (name.empty() && tasks.size() == 1) return tasks.front();
    const auto found = std::ranges::find(tasks, name, &Task::name);
    if (found != tasks.end()) return *found;
    std::vector<std::string> names;
    std::string list;
    for (const auto& task : tasks) {
        names.push_back(task.name);
        list += (list.empty() ? "" : ", ") + task.name;
    }
    throw UserError("trainer.task: there is no \"" + name + "\"" + did_you_mean(name, names) + "; there are: " + list);
}

}  // namespace stemma
