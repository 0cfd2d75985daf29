#pragma once
// Rank 0's log: what a user needs to know of a run afterwards. Which workers joined, what failed and why, each new
// best, what the user asked for, how the run ended. Not every report: the run file has the reports.

#include <spdlog/fwd.h>

#include <memory>
#include <string>

#include "runtime/manager_host.hpp"

namespace stemma {

class RunLog : public HostObserver {
public:
    RunLog(std::shared_ptr<spdlog::logger> log, std::string metric, std::string unit);

    void on_entry(const Input& input, std::span<const Effect> effects, const Manager& manager) override;
    void on_hello(WorkerId worker, const message::Hello& hello) override;
    /// Writes the log out every few seconds.
    void on_tick(const Manager& manager, double now) override;

private:
    void input(const Input& input);
    void note(const effect::Noted& noted, const Manager& manager);

    std::shared_ptr<spdlog::logger> log_;
    std::string metric_;
    std::string unit_;
    double next_flush_ = 0;
};

}  // namespace stemma
