#pragma once
// The heart of run and resume: ranks (or threads) get their parts and play them.

#include <filesystem>
#include <functional>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/job/job.hpp"
#include "manager/manager.hpp"
#include "record/hdf5/run_file.hpp"
#include "runtime/manager_host.hpp"
#include "trainer/process/process_trainer.hpp"

namespace stemma {

/// What rank 0 brings: made on rank 0 only, after the ranks are up, so that its errors can end the others in good
/// order.
struct Lead {
    Manager manager;
    std::unique_ptr<RunRecord> record;
    HostSettings host;
    std::filesystem::path run_file;
    std::string name;
    std::string run_id;     ///< as the run file has it: of its first start
    bool by_hand = false;   ///< `stemma resume`: who typed it wants no more of a stop that was asked for before
    bool stop_cut = false;  ///< the last start was killed while it ended by a stop of the user's
};

/// Makes what rank 0 brings, from the run's identity, agreed on by all ranks, and the program of a worker of this
/// process; null: there is none.
using LeadMaker = std::function<Lead(std::uint64_t run_id, FirstProgram* program)>;

/// Returns what the process returns; rank 0 prints the report.
ExitCode search(const Job& job, const std::filesystem::path& run_file, const LaunchOptions& launch,
                const LeadMaker& lead);

}  // namespace stemma
