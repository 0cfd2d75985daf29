#pragma once
// From a job's settings to the machines that it names. One table for each kind: a new algorithm is one file of its own
// and one line here.

#include <memory>
#include <string>
#include <vector>

#include "app/job/job.hpp"
#include "manager/manager.hpp"
#include "simulator/simulator.hpp"
#include "trainer/descriptor.hpp"

namespace stemma {

std::unique_ptr<Sampler> make_sampler(const Job& job);
std::unique_ptr<Scheduler> make_scheduler(const Job& job);
/// The metrics that the job's trainer will report, without building it (rank 0 loads no data). Loads the library of
/// trainer.type = "task": call it for jobs that run here, not for jobs that are only looked at.
std::vector<MetricInfo> metrics_of(const Job& job);

/// What the job's trainer gets besides its own settings.
TrainerContext trainer_context(const Job& job);
/// Faults that can be found without building the trainer: missing data, a device that this build lacks. Throws
/// UserError. `program`: the program of a worker in this process; null: a program is started for the check.
void check_trainer(const Job& job, const std::shared_ptr<FirstProgram>& program = nullptr);
/// Throws UserError if its members are not trained here: trainer.type = "ask".
void require_trainer(const Job& job);
/// Builds the trainer. Reads data, so it may take seconds. Throws UserError if the job needs what this build or machine
/// lacks.
std::unique_ptr<Trainer> make_trainer(const Job& job, TrainerPlace place);

/// The expected rungs, for preview.
struct Plan {
    std::vector<RungRow> rungs;
    std::uint64_t members = 0;   ///< that the table is for
    bool members_fixed = false;  ///< the job fixes the number; else the table is for a round number of members
    Resource resource = 0;       ///< all training
    std::uint64_t reports = 0;
    std::uint64_t reports_max = 0;  ///< an upper bound for every run; 0 = as above
    double share = 1;             ///< share of these that run.budget pays for, if the table does not follow the budget
    std::string ended_by;         ///< the limit behind `share`: "run.budget.epochs = 20"
    std::uint64_t at_once = 0;    ///< most members that train at a time; 0 = the number of workers
    std::string at_once_by;       ///< the setting behind at_once: "scheduler.children = 4"
    std::uint64_t snapshots = 0;  ///< most members at a time that may go on
};
Plan expected_plan(const Job& job);
/// The plan with the training and reports that run.budget pays for.
Plan paid_for(Plan plan);

/// The job's metric over an analytic surface (the toy trainer's, with its settings if the job has them).
LearningCurve learning_curve(const Job& job);

ManagerSettings manager_settings(const Job& job);
/// A fresh manager for the job: the start of `run`.
Manager make_manager(const Job& job);
/// The same with the trainer's metrics known from a run file: the start of replay. Loads and starts nothing that the
/// job names.
Manager make_manager(const Job& job, const std::vector<MetricInfo>& metrics);

/// The kind of GPUs that this build's LibTorch can train on: "cuda" (NVIDIA's or AMD's), "xpu" (Intel's), or the name
/// of an accelerator that a loaded library has registered, as "npu"; "" = none.
std::string torch_gpu_kind_here();
/// Those of that kind that LibTorch sees in this process.
int torch_gpus_here();
/// "LibTorch 1.13.0" or "no LibTorch".
std::string torch_text();

}  // namespace stemma
