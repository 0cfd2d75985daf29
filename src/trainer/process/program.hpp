#pragma once
// trainer.type = "process" and "ask": their keys, and what becomes of them.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainer/descriptor.hpp"
#include "trainer/process/process_trainer.hpp"

namespace stemma {

/// Metrics that code outside of Stemma measures.
struct ReportedSettings {
    std::vector<std::string> metrics;   ///< names of all that is reported; the job's metric if none is given
    std::vector<std::string> held_out;  ///< that no decision may see; if none is given: "test_..."
};
/// `metrics`, then those of `held_out` that are not among them.
std::vector<MetricInfo> reported_metrics(const ReportedSettings& settings);

struct ProgramSettings {
    ProcessSettings program;
    ReportedSettings reported;
    std::uint32_t gpus_per_worker = 1;
};

/// What the program is started with.
ProcessSettings process_settings(const ProgramSettings& settings, const TrainerContext& context,
                                 const TrainerPlace& place = {});

/// What starts a command: nothing for one that speaks the protocol, script_runner() for one with placeholders.
std::vector<std::string> runner_of(const std::vector<std::string>& command);

/// The helper that starts programs for this process. The first call forks it, and comes before MPI and threads.
std::shared_ptr<ChildStarter> child_starter();

/// This environment, in which Python also finds the package of this program: installed beside it, or in its source
/// tree.
Environment environment_of_programs();

TrainerDescriptor process_descriptor();
TrainerDescriptor ask_descriptor();  ///< its settings are ReportedSettings

}  // namespace stemma
