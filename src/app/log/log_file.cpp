#include "app/log/log_file.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>

#include "app/console/print.hpp"
#include "core/printable.hpp"

#include "platform/own_files.hpp"

namespace stemma {

namespace {

/// Messages quote programs and other hosts, and logs are read in terminals.
class PrintableMessage final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const auto text = printable({message.payload.data(), message.payload.size()});
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<PrintableMessage>(); }
};

}  // namespace

std::filesystem::path log_folder(const std::filesystem::path& run_file) { return run_file.string() + ".logs"; }

namespace {

/// Throws if the path is a link: a log must not grow into the link's target.
void make_log(const std::filesystem::path& log) {
    std::filesystem::create_directories(log.parent_path());
    make_file_to_append_to(log);
}

}  // namespace

std::string program_log(const std::filesystem::path& run_file, int rank) {
    const auto log = log_folder(run_file) / fmt::format("rank-{}.program.log", rank);
    try {
        make_log(log);
        return log.string();
    } catch (const std::exception& error) {
        print_error(fmt::format("stemma: rank {} keeps nothing of what its program prints: {}", rank, error.what()));
        return {};
    }
}

std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& run_file, int rank) {
    spdlog::sink_ptr sink;
    try {
        const auto log = log_folder(run_file) / fmt::format("rank-{}.log", rank);
        make_log(log);
        sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(log.string());
    } catch (const std::exception& error) {
        print_error(fmt::format("stemma: rank {} goes without a log: {}", rank, error.what()));
        sink = std::make_shared<spdlog::sinks::null_sink_mt>();
    }
    auto log = std::make_shared<spdlog::logger>("stemma", std::move(sink));
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<PrintableMessage>('*').set_pattern("%Y-%m-%d %H:%M:%S.%e %-5l %*");
    log->set_formatter(std::move(formatter));
    log->flush_on(spdlog::level::warn);
    return log;
}

}  // namespace stemma
