#pragma once
// Rank 0's log: what a person needs to know of a run afterwards. Who joined, what failed and why, the course of the
// best, what the user asked for, how it ended. Not every report: those are in the run file.

#include <spdlog/fwd.h>

#include <memory>
#include <string>

#include "runtime/manager_host.hpp"

namespace stemma {

class RunLog : public HostObserver {
public:
    RunLog(std::shared_ptr<spdlog::logger> log, std::string metric, std::string unit);

    void on_entry(const Input& input, std::span<const Effect> effects, const Manager& manager) override;
    void on_hello(WorkerId worker, const Hello& hello) override;
    /// Brings the file up to date every few seconds.
    void on_tick(const Manager& manager, double now) override;

private:
    void input(const Input& input);
    void note(const Noted& noted, const Manager& manager);

    std::shared_ptr<spdlog::logger> log_;
    std::string metric_;
    std::string unit_;
    double next_flush_ = 0;
};

}  // namespace stemma
