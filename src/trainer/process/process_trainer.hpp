#pragma once
// Members trained by a program in any language that speaks docs/process-protocol.md.

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
    std::vector<std::string> runner;   ///< words before `command` that start it; empty: it speaks the protocol itself
    std::vector<MetricInfo> metrics;   ///< what the program may report
    std::vector<std::string> needed_metrics;  ///< every report must have them; among `metrics`
    std::string unit = "epoch";
    std::uint64_t run_seed = 1;
    std::string scratch;  ///< folder for snapshots; "" = /dev/shm, or if that is full the folder for temporary files
    double start_timeout = 300;  ///< seconds from the start to its hello
    double silence_timeout = 0;  ///< seconds without a message during a lease; 0 = any
    double stop_timeout = 300;   ///< seconds from a stop to the report
    std::uint64_t memory = 0;    ///< bytes that the program and all that it started may use; 0 = any
    enum class Restart : std::uint8_t { when_needed, each_training };
    Restart restart = Restart::when_needed;
    /// Processes that train a member together. 0: one, without the variables of a group (process_group.hpp).
    std::uint32_t processes = 0;
    /// Trainings that the program takes at the same time, each a lease of its own. Above 1: one process, not restarted
    /// for each training.
    std::uint32_t at_once = 1;
    ChildPlace place = {};                             ///< threads of all processes together, and GPUs
    Environment environment = {};                      ///< before child_environment()
    std::string log;                                   ///< file that gets all its output; "" = none
    std::function<void(const std::string&)> say = {};  ///< remarks for the user; may be empty
};

class ChildGroup;

/// The program of a worker in this process. Rank 0 greets and checks it before the search begins, so that no second
/// program is started for the check.
class FirstProgram {
public:
    FirstProgram();
    ~FirstProgram();
    FirstProgram(const FirstProgram&) = delete;
    FirstProgram& operator=(const FirstProgram&) = delete;

    /// Called by rank 0, once. Waits until the worker has started the program. Throws UserError as check_process()
    /// does, or the worker's refusal.
    void check(const std::vector<std::string>& children_change);
    /// Called by the worker. take() returns the program for the first lease, which is given after the check.
    void offer(std::unique_ptr<ChildGroup> group, const ProcessSettings& settings);
    void refuse(std::exception_ptr why, const ProcessSettings& settings = {});
    std::unique_ptr<ChildGroup> take();

private:
    std::mutex mutex_;
    std::condition_variable offered_;
    std::unique_ptr<ChildGroup> group_;  ///< the next three: guarded by mutex_
    std::exception_ptr refusal_;
    ProcessSettings settings_;
};

/// Starts the program at once, so that it is ready for the first lease, and keeps it running. After a death, a hang or
/// a protocol error the program is killed, and started anew at the next lease. What becomes of each fault:
///   failure message of its own      the kind that the message names
///   death in a lease, also exit 0   exception; its type is "exit code 1", "signal 11 (Segmentation fault)"
///   the same, without a message     after an earlier lease: no failure, the program is started anew
///   failure of kind device          broken_program: the program is killed, and the next lease gets a new one
///   nonsense, a second report       exception, "protocol"
///   silence, a stop ignored         timed_out, "silence_timeout" or "stop_timeout"
///   more memory than allowed        out_of_memory, "trainer.memory"; above half of it: replaced between leases
///   a metric that is not finite     nonfinite (held-out metrics do not count)
///   cannot be started               device: the worker is retired, the member retried elsewhere
///   no hello                        exception, "start"
/// Of several processes (`processes`) each is watched in this way. All are killed before a failure of one of them is
/// told, unless each has answered. The lease ends well when all have reported, at the same unit.
/// With `at_once`, a failure message ends one training. A program that ends, hangs or uses too much memory fails all
/// that it has, since any may be the cause. What has failed before (TrainRequest::retried) is trained alone, so that
/// one bad training costs those beside it one attempt. Want of memory counts only for a training that was alone.
/// Messages end with the program's last output. A lease without a snapshot costs about 50 us. Snapshots go through
/// files. `first`, if given, holds the program until the first lease.
std::unique_ptr<Trainer> make_process_trainer(ProcessSettings settings, std::shared_ptr<ChildStarter> starter,
                                              const std::shared_ptr<FirstProgram>& first = nullptr);

/// Starts the program once, to check the protocol. Checks also that in
/// mid-training the program may change the parameters that
/// `children_change` names. Throws UserError.
void check_process(const ProcessSettings& settings, const std::vector<std::string>& children_change,
                   ChildStarter& starter);

}  // namespace stemma
