#pragma once
// The core of run and resume: the ranks of a search start, and each plays its part. Read commands/run.cpp first.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/job/job.hpp"
#include "app/ranks/ranks.hpp"
#include "manager/manager.hpp"
#include "platform/signals.hpp"
#include "platform/worker_slots.hpp"
#include "record/hdf5/run_file.hpp"
#include "runtime/manager_host.hpp"
#include "trainer/process/process_trainer.hpp"

namespace stemma {

/// What the manager starts with. Made on rank 0 only, once the ranks are up, so that its errors end the others in good
/// order.
struct ManagerSetup {
    Manager manager;
    std::unique_ptr<record::RunRecord> record;
    HostSettings host;
    std::filesystem::path run_file;
    std::string name;
    std::string run_id;     ///< as in the run file: of its first start
    bool by_hand = false;   ///< `stemma resume`: an earlier stop request no longer counts
    bool stop_cut = false;  ///< the last start was killed while a stop of the user ended it
};

/// The ranks of one search that this process has: one rank of a launcher, or all ranks as threads. Each process then
/// calls work() or manage(), once. If rank 0 calls neither, the destructor tells the workers to leave.
class SearchRanks {
public:
    /// Waits for the other ranks. Where they do not come, the process ends (Ranks). `job` outlives the object.
    /// Processes call start_ranks().
    SearchRanks(const Job& job, std::filesystem::path run_file, const LaunchOptions& launch);
    ~SearchRanks();
    SearchRanks(const SearchRanks&) = delete;
    SearchRanks& operator=(const SearchRanks&) = delete;

    /// This process has rank 0.
    bool manages() const { return endpoint().rank() == 0; }
    /// The identifier of this start, equal on all ranks.
    std::uint64_t run_id() const { return run_id_; }
    /// The training program of the first worker in this process, which rank 0 checks; null: no program.
    const std::shared_ptr<FirstProgram>& program() const { return program_; }

    /// A worker's part. Returns the exit code of the process.
    ExitCode work();
    /// Rank 0's part: the search, its end, and the final report. Returns the exit code of the process.
    ExitCode manage(ManagerSetup setup);

private:
    struct End {
        ExitCode code = ExitCode::ok;
        bool workers_lost = false;
    };
    End run_search(ManagerSetup setup);  // manage.cpp
    void start_threads(const Launch& process);
    void start_mpi(const Launch& process);
    Endpoint& endpoint() const { return *endpoints_.front(); }
    void tell_workers_to_leave();

    const Job& job_;
    std::filesystem::path run_file_;
    LaunchOptions launch_;
    // Launchers send signals to every rank: workers leave them to the manager, which tells the workers what to do.
    // Before MPI, whose start takes time: the warning of a short job comes meanwhile.
    SignalWatch signals_;
    std::unique_ptr<Ranks> mpi_;  ///< null: the ranks are threads
    std::uint64_t run_id_ = 0;
    std::vector<std::unique_ptr<Endpoint>> endpoints_;  ///< of this process, its lowest rank first
    WorkerSlot slot_;                                   ///< over MPI
    std::shared_ptr<FirstProgram> program_;
    std::vector<std::jthread> workers_;  ///< without MPI
    bool parted_ = false;                ///< workers learn of the end from the search, or have been told to leave
};

/// Starts the ranks for the job: over MPI where a launcher started several, otherwise as threads.
/// @throws UserError where members of the job are not trained here
std::unique_ptr<SearchRanks> start_ranks(const Job& job, const std::filesystem::path& run_file,
                                         const LaunchOptions& launch);

/// The code that this process should return under its launcher.
int launcher_code(ExitCode code);
std::string run_id_text(std::uint64_t run_id);

}  // namespace stemma
