#pragma once
// From a job's settings to the machines that it names. One table a kind; a new algorithm is one file of its own and
// one line here.

#include <memory>
#include <string>
#include <vector>

#include "app/job/job.hpp"
#include "manager/manager.hpp"
#include "simulator/simulator.hpp"
#include "trainer/process/process_trainer.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

std::unique_ptr<Sampler> make_sampler(const Job& job);
std::unique_ptr<Scheduler> make_scheduler(const Job& job);
/// What the job's trainer will report, without building it (rank 0 loads no data). Loads the library of
/// trainer.type = "task": for jobs that run here, not for those that are looked at.
std::vector<MetricInfo> metrics_of(const Job& job);

/// Where one worker trains.
struct TrainerPlace {
    std::string device = "cpu";  ///< "cpu" or "cuda:0"
    std::uint32_t threads = 1;
    std::vector<std::string> gpus = {};  ///< trainer.type = "process": what the program shall see
    std::string program_log = {};        ///< likewise: file that gets all that it prints
};
/// The helper that starts programs for this process: forked by the first call, which comes before MPI and threads
/// where the job's trainer needs it.
std::shared_ptr<ChildStarter> child_starter();
/// This environment, where Python also finds the package that belongs to this program: installed beside it, or in the
/// source tree that it was built from.
Environment environment_of_programs();
/// Of a job with trainer.type = "process".
ProcessSettings process_settings(const Job& job, const TrainerPlace& place = {});
/// What can be found wrong without building the trainer: data that is not there, a device that this build lacks.
/// Throws UserError. `program`: that of a worker in this process; else one is started for the check.
void check_trainer(const Job& job, FirstProgram* program = nullptr);
/// Throws UserError if its members are not trained here: trainer.type = "ask".
void require_trainer(const Job& job);
/// Builds the trainer: reads data, so it may take seconds. Throws UserError if the job asks for what this build or
/// machine lacks. `first`: for the program of a worker that rank 0 checks.
std::unique_ptr<Trainer> make_trainer(const Job& job, const TrainerPlace& place,
                                      std::shared_ptr<FirstProgram> first = nullptr);

/// The rungs as they should come out, for preview.
struct Plan {
    std::vector<RungRow> rungs;
    std::uint64_t members = 0;   ///< that the table is for
    bool members_fixed = false;  ///< the job says how many; else the table is for a round number of them
    Resource resource = 0;       ///< all training
    std::uint64_t reports = 0;
    std::uint64_t reports_max = 0;  ///< which no run exceeds; 0 = as above
    double share = 1;               ///< of these that run.budget pays for, where the table does not follow it
    std::string ended_by;           ///< the limit that says so: "run.budget.epochs = 20"
    std::uint64_t at_once = 0;      ///< most members that train at a time; 0 = as many as there are workers
    std::string at_once_by;         ///< the setting that says so: "scheduler.children = 4"
    std::uint64_t snapshots = 0;    ///< most members at a time that may go on
};
Plan expected_plan(const Job& job);
/// With the training and reports that run.budget pays for.
Plan paid_for(Plan plan);

/// The job's metric over an analytic surface (the toy trainer's, with its settings if the job has them).
LearningCurve learning_curve(const Job& job);

ManagerSettings manager_settings(const Job& job);
/// A fresh manager for the job: what `run` starts with.
Manager make_manager(const Job& job);
/// The same where it is known what the trainer reports, from a run file: what replay starts with. Loads and starts
/// nothing that the job names.
Manager make_manager(const Job& job, const std::vector<MetricInfo>& metrics);

/// True if this build can train on a GPU.
bool cuda_available();
/// "LibTorch 1.13.0" or "no LibTorch".
std::string torch_text();

}  // namespace stemma
