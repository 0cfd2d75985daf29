#pragma once
// The ranks that a launcher started: MPI if the program has it, else an error that says so.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transport/endpoint.hpp"

namespace stemma {

/// A number that no other run has.
std::uint64_t new_run_id();

/// One object in a process, for the time of the search. Construction and destruction wait for the other ranks.
class Ranks {
public:
    /// MPI waits without a limit for a rank that died in its start. If started() is not called within `start_timeout`
    /// seconds, the process says what it waits for, and ends with ExitCode::not_started. It leaves no exit code for the
    /// batch script, which therefore starts the ranks again.
    explicit Ranks(double start_timeout);
    ~Ranks();
    Ranks(const Ranks&) = delete;
    Ranks& operator=(const Ranks&) = delete;

    /// Rank 0's value, on every rank. Only before the search: it waits for all ranks.
    std::uint64_t agree(std::uint64_t value);
    /// The texts of all ranks, in order, on every rank. Only before the search: it waits for all ranks.
    std::vector<std::string> all_texts(const std::string& text);
    std::unique_ptr<Endpoint> endpoint();
    /// Which rank is on which host, and how fast the links are, as text; "" except on rank 0. Waits for all ranks.
    std::string selfcheck(const std::string& facts);
    /// All ranks are there, and none waits for all others any more.
    void started();
    /// Ends the process at once, without MPI_Finalize, which would wait for ever for a rank that is gone. Standard
    /// output and error are flushed. Nothing is destroyed and no exit handler runs, so files must be closed before. The
    /// launcher must have been told to tolerate it (mpirun --enable-recovery), else it ends the other ranks.
    [[noreturn]] void abandon(int exit_code);

private:
    struct Session;
    std::unique_ptr<Session> session_;
};

}  // namespace stemma
