#include "app/ranks/ranks.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "app/ranks/exit_codes.hpp"
#include "core/error.hpp"
#include "platform/launch.hpp"
#include "platform/machine.hpp"
#include "platform/start_watch.hpp"
#include "transport/mpi_library/mpi_library.hpp"

namespace stemma {

std::uint64_t new_run_id() {
    std::uint64_t id = 0;  // not std::random_device, which needs a C library as new as the one it was built with
    ensure(::getrandom(&id, sizeof id, 0) == sizeof id, "the system's random numbers");
    return id;
}

namespace {

[[noreturn]] void leave(int exit_code) {
    std::fflush(stdout);
    std::fflush(stderr);
    ::_exit(exit_code);
}

[[noreturn]] void give_up(double seconds) {
    const auto launch = launch_of(read_environment());
    fmt::print(
        stderr,
        "stemma: rank {} of {} on {}: the ranks have not found each other within {:g} s (workers.start_timeout): "
        "one died or hangs in its start, and {} goes on without a word. Nothing was trained in this start; start "
        "it again\n",
        launch.rank, launch.size, host_name(), seconds, name_of(launch.launcher));
    leave(static_cast<int>(ExitCode::not_started));
}

}  // namespace

struct Ranks::Session {
    explicit Session(double start_timeout) : watch(std::in_place, start_timeout, [=] { give_up(start_timeout); }) {}
    std::optional<StartWatch> watch;  // before MPI, whose start may hang
    std::unique_ptr<MpiRanks> mpi = mpi_library().start();
};

Ranks::Ranks(double start_timeout) : session_(std::make_unique<Session>(start_timeout)) {}
Ranks::~Ranks() = default;
void Ranks::started() { session_->watch.reset(); }
std::uint64_t Ranks::agree(std::uint64_t value) { return session_->mpi->agree(value); }
std::vector<std::string> Ranks::all_texts(const std::string& text) { return session_->mpi->all_texts(text); }
std::unique_ptr<Endpoint> Ranks::endpoint() { return session_->mpi->endpoint(); }
std::string Ranks::selfcheck(const std::string& facts) {
    const auto result = session_->mpi->selfcheck(facts);
    std::string text;
    for (const auto& rank : result.ranks) {
        text += fmt::format("  rank {:>3}  {}  {}", rank.rank, rank.host, rank.facts);
        text += rank.rank == 0 ? "\n"
                               : fmt::format(", clock {:+.0f} us (+- {:.0f})\n", 1e6 * rank.clock_offset,
                                             1e6 * rank.clock_uncertainty);
    }
    for (const auto& link : result.links) {
        text += fmt::format("  {:>3} <-> {:<3} {}  round trip {:.1f} us", link.first, link.second,
                            link.same_host ? "same host  " : "other hosts", 1e6 * link.round_trip);
        for (const auto& bandwidth : link.bandwidth) {
            text += fmt::format(", {:.1f} GB/s at {} MiB", bandwidth.bytes_per_second / 1e9, bandwidth.bytes >> 20U);
        }
        text += "\n";
    }
    if (result.links_left_out > 0)
        text += fmt::format("  {} more links were left out to stay below 10 s\n", result.links_left_out);
    return text;
}
void Ranks::abandon(int exit_code) { leave(exit_code); }

}  // namespace stemma
