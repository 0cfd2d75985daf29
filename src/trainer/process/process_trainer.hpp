#pragma once
// Members trained by a program in any language, which speaks docs/process-protocol.md.

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/launch.hpp"
#include "trainer/process/environment.hpp"
#include "trainer/process/starter.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

struct ProcessSettings {
    std::vector<std::string> command;  ///< not empty
    std::vector<MetricInfo> metrics;   ///< what the program may report
    std::string needed_metric;         ///< without which a report is useless; one of `metrics`
    std::string unit = "epoch";
    std::uint64_t run_seed = 1;
    std::string scratch;  ///< folder for snapshots; "" = /dev/shm, where that is full the folder for temporary files
    double start_timeout = 300;  ///< seconds from the start to its hello
    double silence_timeout = 0;  ///< seconds without a message during a lease; 0 = any
    double stop_timeout = 300;   ///< seconds from a stop to the report
    std::uint64_t memory = 0;    ///< bytes that the program may use, with all that it started; 0 = any
    enum class Restart : std::uint8_t { when_needed, each_training };
    Restart restart = Restart::when_needed;
    ChildPlace place = {};                             ///< threads and GPUs
    Environment environment = {};                      ///< before child_environment()
    std::string log;                                   ///< file that gets all that it prints; "" = none
    std::function<void(const std::string&)> say = {};  ///< what the user should know; none: nobody
};

class Child;

/// The program of a worker in this process, which rank 0 greets and checks before the search begins: it is not started
/// twice for that.
class FirstProgram {
public:
    FirstProgram();
    ~FirstProgram();
    FirstProgram(const FirstProgram&) = delete;
    FirstProgram& operator=(const FirstProgram&) = delete;

    /// Rank 0, once: waits until the worker has started it. Throws UserError as check_process() does, or what the
    /// worker refused with.
    void check(const std::vector<std::string>& children_change);
    /// The worker. It takes the program back for its first lease, which is given after the check.
    void offer(std::unique_ptr<Child> child, const ProcessSettings& settings);
    void refuse(std::exception_ptr why, const ProcessSettings& settings = {});
    std::unique_ptr<Child> take();

private:
    std::mutex mutex_;
    std::condition_variable offered_;
    std::unique_ptr<Child> child_;  ///< the next three: guarded by mutex_
    std::exception_ptr refusal_;
    ProcessSettings settings_;
};

/// Starts the program at once, so that it is ready for the first lease, and keeps it; after a death, a hang or nonsense
/// it is killed and started anew at the next lease. What becomes of misbehaviour:
///   failure message of its own      the kind that it names
///   death in a lease, also exit 0   exception; its type is "exit code 1", "signal 11 (Segmentation fault)". Nothing,
///   if
///                                   it had trained before and not said a word about this one: started anew
///   failure of kind device          broken_program: it is killed, and the next lease gets a fresh one
///   nonsense, a second report       exception, "protocol"
///   silence, a stop ignored         timed_out, "silence_timeout" or "stop_timeout"
///   more memory than allowed        out_of_memory, "trainer.memory"; above half of it it is replaced between leases
///   a metric that is not finite     nonfinite (held-out ones do not count)
///   cannot be started               device: the worker is retired, the member retried elsewhere
///   no hello                        exception, "start"
/// Messages end with what it printed last. A lease without a snapshot costs about 50 us; snapshots go through files.
/// `first`, if given, has the program until the first lease.
std::unique_ptr<Trainer> make_process_trainer(ProcessSettings settings, std::shared_ptr<ChildStarter> starter,
                                              std::shared_ptr<FirstProgram> first = nullptr);

/// Starts the program once to see that it speaks the protocol and may change, in mid-training, the parameters that
/// `children_change` names. Throws UserError.
void check_process(const ProcessSettings& settings, const std::vector<std::string>& children_change,
                   ChildStarter& starter);

}  // namespace stemma
