#include "app/commands/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "app/console/print.hpp"
#include "app/log/log_file.hpp"
#include "app/log/logged_trainer.hpp"
#include "app/ranks/device_assignment.hpp"
#include "app/ranks/durable_snapshots.hpp"
#include "app/registry.hpp"
#include "platform/gpus.hpp"
#include "platform/late_launcher.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"
#include "trainer/process/program.hpp"
#include "transport/loopback.hpp"
#include "transport/waiting.hpp"
#include "worker/worker_host.hpp"

namespace stemma {

namespace {

/// That mpirun has to end after rank 0.
constexpr auto launcher_patience = std::chrono::seconds(15);

/// Until everything has left this process.
void drain(Endpoint& endpoint) {
    Waiting waiting(endpoint);
    while (!endpoint.idle()) {
        static_cast<void>(endpoint.poll());
        waiting.wait();
    }
}

/// The worker's part. A worker that cannot start (missing data, no GPU) tells rank 0 why, and ends alone.
WorkerExit be_worker(Endpoint& endpoint, const Job& job, const std::filesystem::path& run_file, std::uint64_t run_id,
                     const WorkerSlot& slot, const std::shared_ptr<FirstProgram>& first) {
    std::unique_ptr<Trainer> trainer;
    WorkerPlace place;
    try {
        place = place_of(job, slot);
        if (job.trainer.type->traits.program) place.trainer.program_log = program_log(run_file, endpoint.rank());
        place.trainer.program = first;
        trainer = make_logged_trainer(make_trainer(job, place.trainer), run_file, endpoint.rank());
    } catch (const std::exception& error) {
        if (first) first->refuse(std::current_exception());
        const bool mistake = dynamic_cast<const UserError*>(&error) != nullptr;
        Bytes frames;
        encode(message::ToManager{message::Goodbye{std::string(error.what()).substr(0, message_text_max), mistake}},
               {run_id, 0}, frames);
        endpoint.send(0, std::move(frames));
        drain(endpoint);
        return WorkerExit::done;
    }
    DurableSnapshots files(run_file, run_id_text(run_id));
    WorkerHostSettings settings;
    settings.run_id = run_id;
    settings.worker.heartbeat = job.workers.heartbeat;
    settings.worker.manager_timeout = std::max(60.0, job.workers.lost_after);
    settings.worker.transfer_timeout = job.workers.lost_after;
    // Rank 0 checks data and programs before the search begins.
    const auto program = job.trainer.value("start_timeout");
    settings.worker.manager_start_timeout =
        settings.worker.manager_timeout + job.workers.start_timeout + (program ? std::get<double>(program->value) : 0);
    settings.host = host_name();
    settings.device = place.device;
    settings.snapshot_quota = snapshot_quota(job.workers.snapshot_memory, memory(), std::max(1, slot.workers()));
    settings.threads = place.trainer.threads;
    return run_worker(endpoint, *trainer, job.space, settings, files);
}

void say_how_many(const Launch& process, int workers, bool as_asked) {
    fmt::print(stderr, "stemma: {} started one task only: {} worker{} inside it{}\n", name_of(process.launcher),
               workers, workers == 1 ? "" : "s",
               as_asked ? ""
                        : fmt::format(" (-n says how many; `{} -n 3` is a manager and two workers)",
                                      process.launcher == Launcher::slurm ? "srun" : "mpirun"));
}

}  // namespace

std::string run_id_text(std::uint64_t run_id) { return fmt::format("{:016x}", run_id); }

int launcher_code(ExitCode code) {
    const auto environment = read_environment();
    return exit_code_for_launcher(static_cast<int>(code), launch_of(environment), environment);
}

std::unique_ptr<SearchRanks> start_ranks(const Job& job, const std::filesystem::path& run_file,
                                         const LaunchOptions& launch) {
    require_trainer(job);
    survive_broken_pipes();
    if (job.trainer.type->traits.program) static_cast<void>(child_starter());  // before MPI and threads
    return std::make_unique<SearchRanks>(job, run_file, launch);
}

SearchRanks::SearchRanks(const Job& job, std::filesystem::path run_file, const LaunchOptions& launch)
    : job_(job), run_file_(std::move(run_file)), launch_(launch) {
    const auto process = launch_of(read_environment());
    // A shell on a compute node (`srun --pty bash`) is a task as well.
    if (process.size < 2) {
        start_threads(process);
    } else {
        start_mpi(process);
    }
}

SearchRanks::~SearchRanks() {
    if (parted_ || !manages()) return;
    try {
        tell_workers_to_leave();
    } catch (const std::exception& error) {
        print_error(fmt::format("stemma: workers could not be told to leave: {}", error.what()));
    }
}

void SearchRanks::start_threads(const Launch& process) {
    const auto seen = gpus_for(job_);
    const int workers = launch_.workers > 0 ? static_cast<int>(launch_.workers) : workers_here(job_, seen);
    if (process.launcher != Launcher::none) say_how_many(process, workers, launch_.workers > 0);
    run_id_ = new_run_id();
    endpoints_ = make_loopback(workers + 1);
    const std::vector gpus(static_cast<std::size_t>(workers), seen);
    if (job_.trainer.type->traits.program) program_ = std::make_shared<FirstProgram>();
    for (int rank = 1; rank <= workers; ++rank) {
        const WorkerSlot slot{rank - 1, gpus, workers};
        workers_.emplace_back([this, rank, slot] {
            be_worker(*endpoints_[static_cast<std::size_t>(rank)], job_, run_file_, run_id_, slot,
                      rank == 1 ? program_ : nullptr);
        });
    }
}

void SearchRanks::start_mpi(const Launch& process) {
    mpi_ = std::make_unique<Ranks>(job_.workers.start_timeout);
    run_id_ = mpi_->agree(new_run_id());
    endpoints_.push_back(mpi_->endpoint());
    slot_ = slot_among(*mpi_, endpoint().rank(), process, gpus_for(job_));
    mpi_->started();
}

ExitCode SearchRanks::work() {
    if (be_worker(endpoint(), job_, run_file_, run_id_, slot_, nullptr) != WorkerExit::done) mpi_->abandon(0);
    return ExitCode::ok;
}

ExitCode SearchRanks::manage(ManagerSetup setup) {
    const auto end = run_search(std::move(setup));
    if (mpi_ && end.workers_lost) {
        end_late_launcher(launcher_patience);
        mpi_->abandon(launcher_code(end.code));
    }
    return end.code;
}

void SearchRanks::tell_workers_to_leave() {
    for (int rank = 1; rank < endpoint().size(); ++rank) {
        Bytes frames;
        encode(message::ToWorker{message::Dismiss{}}, {run_id_, 0}, frames);
        endpoint().send(rank, std::move(frames));
    }
    drain(endpoint());
}

}  // namespace stemma
