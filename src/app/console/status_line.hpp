#pragma once
// What a user sees while a search runs. On a terminal: one line that is redrawn in place. In a batch log: a line for
// each notable event, and a summary at intervals.

#include <cstdio>
#include <map>
#include <string>

#include "platform/terminal.hpp"
#include "runtime/manager_host.hpp"

namespace stemma {

struct StatusSettings {
    std::string metric;            ///< name of the metric that is optimized
    std::string unit;              ///< "epoch" or "step"
    double summary_seconds = 300;  ///< between two summaries in a batch log
};

class StatusLine : public HostObserver {
public:
    StatusLine(std::FILE* out, Terminal terminal, StatusSettings settings);
    ~StatusLine() override;

    void on_entry(const Input& input, std::span<const Effect> effects, const Manager& manager) override;
    void on_hello(WorkerId worker, const message::Hello& hello) override;
    void on_tick(const Manager& manager, double now) override;
    /// Prints a lasting line.
    void say(const std::string& text);
    /// What a training failed with last; "" = none has failed.
    const std::string& last_failure() const { return last_failure_; }

private:
    /// Erases the redrawn line, so that other text can follow.
    void clear();
    void note(const Input& input, const effect::Noted& noted, const Manager& manager);
    std::string summary(const Manager& manager, double now) const;

    std::FILE* out_;
    Terminal terminal_;
    StatusSettings settings_;
    bool drawn_ = false;
    double next_summary_ = 0;
    double last_best_said_ = -1e9;
    std::size_t workers_ = 0;
    std::uint64_t failed_trainings_ = 0;
    std::string last_failure_;
    std::map<std::string, std::uint64_t> failures_;  ///< by kind and type: the first is printed, later ones are counted
};

}  // namespace stemma
