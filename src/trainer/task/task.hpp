#pragma once
// A user's training code in C++: what a program or shared library hands to Stemma (docs/bring-your-model.md).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trainer/hypergradient.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

/// The context in which a trainer is made.
struct TaskContext {
    std::uint32_t threads = 1;   ///< of this worker's training
    std::string device = "cpu";  ///< "cpu" or "cuda:0"
    std::string unit = "epoch";  ///< what resources count: "epoch" or "step"
    std::uint64_t run_seed = 1;  ///< for what is the same for all members, such as a split of the data
    std::string path;            ///< trainer.path of the job: the data, or what else the task uses it for
    /// How hyperparameters with role = "hypergradient" move. Absent if there are none.
    std::optional<HypergradientSettings> hypergradient = {};
};

struct Task {
    std::string name;
    std::vector<MetricInfo> metrics;  ///< known before a trainer is made: rank 0 loads no data
    /// Metrics after `metrics` if hyperparameters move in training. Empty: the task cannot move hyperparameters.
    std::vector<MetricInfo> moving_metrics;
    /// Hyperparameters whose value may change when training goes on from a snapshot; absent: any.
    std::optional<std::vector<std::string>> can_change;
    /// Called once for each worker. May throw UserError, for example if data is missing.
    std::function<std::unique_ptr<Trainer>(const TaskContext&)> make;
};

/// A task from a Trainer. `T` has a constructor from TaskContext and a function `static std::vector<MetricInfo>
/// metrics_of_task()`. If `T` can move hyperparameters in training, it also has `static ... moving_metrics()`.
template <class T>
Task trainer(std::string name, std::optional<std::vector<std::string>> can_change = {}) {
    std::vector<MetricInfo> moving;
    if constexpr (requires { T::moving_metrics(); }) moving = T::moving_metrics();
    return {std::move(name), T::metrics_of_task(), std::move(moving), std::move(can_change),
            [](const TaskContext& context) -> std::unique_ptr<Trainer> { return std::make_unique<T>(context); }};
}

// ---- shared libraries ----------------------------------------------------------------------------------------------

/// What must be the same in a library and the program that loads it. Counts up with every change of the types above,
/// and of the types that they are made of.
struct AbiStamp {
    int version = 2;
    int compiler = 0;  ///< the C++ ABI's version
    int standard = 0;  ///< layout of the standard library's strings and lists
    int request_bytes = 0;
    int task_bytes = 0;
    friend bool operator==(const AbiStamp&, const AbiStamp&) = default;
};
constexpr AbiStamp abi_of_this_build() {
    return {2, __GXX_ABI_VERSION,
#ifdef _GLIBCXX_USE_CXX11_ABI
            _GLIBCXX_USE_CXX11_ABI,
#else
            -1,
#endif
            static_cast<int>(sizeof(TrainRequest)), static_cast<int>(sizeof(Task))};
}

/// What a library hands over. The library defines `extern "C" void stemma_library(stemma::TaskLibrary& out)`, which
/// fills it.
class TaskLibrary {
public:
    void offer(std::vector<Task> tasks) { tasks_ = std::move(tasks); }
    std::vector<Task>& tasks() { return tasks_; }

private:
    std::vector<Task> tasks_;
};

/// Loads `file` (for good) and returns its tasks. Throws UserError if there is no such file, if it is no library for
/// Stemma, or if it was built for another version.
std::vector<Task> load_tasks(const std::string& file);

// ---- of this process ------------------------------------------------------------------------------------------------

/// The program's own tasks. Set once, at its start, by stemma::main().
void set_own_tasks(std::vector<Task> tasks);
/// The task `name` of `library` ("" = this program's own); name "" = the only task. Throws UserError with the known
/// names.
const Task& find_task(const std::string& library, const std::string& name);

}  // namespace stemma
