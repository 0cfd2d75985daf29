#include "trainer/process/conform.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "app/commands/commands.hpp"
#include "app/console/print.hpp"
#include "app/job/job.hpp"
#include "app/registry.hpp"
#include "core/error.hpp"
#include "trainer/process/program.hpp"

namespace stemma {

namespace {

Literal literal_of(const std::string& text) {
    if (text == "true" || text == "false") return text == "true";
    const auto* end = text.data() + text.size();
    std::int64_t integer = 0;
    if (const auto read = std::from_chars(text.data(), end, integer); read.ec == std::errc() && read.ptr == end)
        return integer;
    double real = 0;
    if (const auto read = std::from_chars(text.data(), end, real); read.ec == std::errc() && read.ptr == end)
        return real;
    return text;
}

std::shared_ptr<const SearchSpace> space_of(const std::vector<std::string>& values) {
    std::vector<Parameter> parameters;
    for (const auto& text : values) {
        const auto equals = text.find('=');
        if (equals == 0 || equals == std::string::npos) {
            throw UserError("--value must be NAME=VALUE, such as lr=0.1; got \"" + text + "\"");
        }
        Parameter parameter;
        parameter.name = text.substr(0, equals);
        parameter.domain = Constant{literal_of(text.substr(equals + 1))};
        parameters.push_back(std::move(parameter));
    }
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

struct Prepared {
    std::shared_ptr<const SearchSpace> space;
    ConformanceCase given;
};

Prepared from_job(const ConformOptions& options) {
    const auto job = load_job(options.job, options.overrides);
    if (!job.trainer.type->traits.program) {
        throw UserError(options.job + ": has no program to try: trainer.type is not \"process\"");
    }
    const auto configuration = make_sampler(job)->propose({{0}, 0, {}});
    ensure(configuration.has_value(), "a sampler has at least one configuration");
    auto changes =
        job.scheduler.population() ? changes_of_children(*job.space, *configuration) : std::vector<ConformanceChange>{};
    return {job.space,
            {process_settings(job.trainer.as<ProgramSettings>(), trainer_context(job)), job.space.get(), *configuration,
             options.units, std::move(changes)}};
}

Prepared from_command(const ConformOptions& options) {
    if (options.command.empty()) {
        throw UserError("conform: give the program after --, or a job file: stemma conform -- python3 train.py");
    }
    Prepared out;
    out.space = space_of(options.hyperparameters);
    out.given = {{}, out.space.get(), out.space->from_literals({}), options.units};
    auto& settings = out.given.settings;
    settings.command = options.command;
    const auto metrics = options.metrics.empty() ? std::vector<std::string>{"valid_loss"} : options.metrics;
    for (const auto& name : metrics) settings.metrics.push_back({name, name.starts_with("test_")});
    settings.needed_metrics = {metrics.front()};
    settings.environment = environment_of_programs();
    return out;
}

}  // namespace

ExitCode conform_program(const ConformOptions& options) {
    const auto starter = child_starter();  // before any thread
    auto prepared = options.job.empty() ? from_command(options) : from_job(options);
    auto& settings = prepared.given.settings;
    if (!options.command.empty()) {
        settings.command = options.command;
        settings.runner = runner_of(options.command);
    }
    if (options.processes > 0) settings.processes = options.processes;
    if (options.at_once > 0) settings.at_once = options.at_once;
    settings.start_timeout = options.timeout;
    settings.silence_timeout = options.timeout;
    settings.stop_timeout = options.timeout;
    bool good = true;
    int notes = 0;
    for (const auto& check : conform(prepared.given, starter)) {
        const auto* sign = check.result == Conformance::ok     ? "ok    "
                           : check.result == Conformance::note ? "note  "
                                                               : "FAILED";
        print(fmt::format("{}  {}{}{}\n", sign, check.what, check.detail.empty() ? "" : ": ", check.detail));
        good = good && check.result != Conformance::failed;
        notes += check.result == Conformance::note ? 1 : 0;
    }
    const auto noted = notes == 0 ? "" : fmt::format(", with {} note{} above", notes, notes == 1 ? "" : "s");
    print(good ? fmt::format("the program keeps to the protocol{}\n", noted)
               : "the program breaks the protocol (docs/process-protocol.md)\n");
    return good ? ExitCode::ok : ExitCode::failed;
}

}  // namespace stemma
