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

namespace stemma {

/// What rank 0 brings: made on rank 0 only, after the ranks are up, so that its errors can end the others in good
/// order.
struct Lead {
    Manager manager;
    std::unique_ptr<RunRecord> record;
    HostSettings host;
    std::filesystem::path run_file;
    std::string name;
};

/// `lead` gets the run's identity, agreed on by all ranks. Returns what the process returns; rank 0 prints the report.
ExitCode search(const Job& job, const std::filesystem::path& run_file, const LaunchOptions& launch,
                const std::function<Lead(std::uint64_t run_id)>& lead);

}  // namespace stemma
