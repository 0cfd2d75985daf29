#include "trainer/process/start_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "platform/user_path.hpp"
#include "trainer/process/greeting.hpp"
#include "trainer/process/scratch.hpp"

namespace stemma {

std::string words_text(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

std::unique_ptr<ChildGroup> started(const ProcessSettings& settings, ChildStarter& starter,
                                    const std::string& scratch) {
    auto words = settings.runner;
    words.insert(words.end(), settings.command.begin(), settings.command.end());
    auto place = settings.place;
    place.threads = std::max(1U, place.threads / std::max(1U, settings.processes));
    return std::make_unique<ChildGroup>(
        starter, GroupCommand{{std::move(words), child_environment(settings.environment, place), scratch},
                              settings.processes,
                              settings.log,
                              scratch});
}

namespace {

/// Checks that the program of `hello` may change what the scheduler's children change.
void check_changes(const ProcessSettings& settings, const ChildHello& hello,
                   const std::vector<std::string>& children_change) {
    if (!hello.can_change) return;
    for (const auto& name : children_change) {
        if (std::ranges::find(*hello.can_change, name) != hello.can_change->end()) continue;
        throw UserError(
            fmt::format("space.{}: children of this scheduler would change it, but the program {} cannot "
                        "change it in mid-training; give it role = \"fixed\"",
                        name, hello.name.empty() ? words_text(settings.command) : hello.name));
    }
}

/// Runs `body`. Failures of the program become UserErrors.
template <class Body>
void as_user_error(const ProcessSettings& settings, const Body& body) {
    try {
        body();
    } catch (const std::system_error& error) {
        throw UserError(
            fmt::format("trainer.command: {} cannot be started: {}", words_text(settings.command), error.what()));
    } catch (const ProtocolError& error) {
        const auto program = program_path(settings.command.front());
        throw UserError(fmt::format("trainer.command: {}{}: {}", words_text(settings.command),
                                    program == settings.command.front() ? "" : " (" + program + ")", error.what()));
    }
}

}  // namespace

void check_process(const ProcessSettings& settings, const std::vector<std::string>& children_change,
                   ChildStarter& starter) {
    as_user_error(settings, [&] {
        const Scratch scratch(settings.scratch);  // for the door
        const auto group = started(settings, starter, scratch.folder());
        const auto hello = greet(settings, *group);
        group->quit(quit_time);
        check_changes(settings, hello, children_change);
    });
}

FirstProgram::FirstProgram() = default;
FirstProgram::~FirstProgram() = default;

void FirstProgram::offer(std::unique_ptr<ChildGroup> group, const ProcessSettings& settings) {
    {
        const std::lock_guard lock(mutex_);
        group_ = std::move(group);
        settings_ = settings;
    }
    offered_.notify_all();
}

void FirstProgram::refuse(std::exception_ptr why, const ProcessSettings& settings) {
    {
        const std::lock_guard lock(mutex_);
        refusal_ = std::move(why);
        settings_ = settings;
    }
    offered_.notify_all();
}

std::unique_ptr<ChildGroup> FirstProgram::take() {
    const std::lock_guard lock(mutex_);
    return std::move(group_);
}

void FirstProgram::check(const std::vector<std::string>& children_change) {
    std::unique_lock lock(mutex_);
    offered_.wait(lock, [this] { return group_ || refusal_; });
    as_user_error(settings_, [&] {
        if (refusal_) std::rethrow_exception(refusal_);
        try {
            check_changes(settings_, greet(settings_, *group_), children_change);
        } catch (...) {
            group_.reset();
            throw;
        }
    });
}

}  // namespace stemma
