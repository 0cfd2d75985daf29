#include "app/log/log_file.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>

#include "app/console/print.hpp"
#include "core/printable.hpp"

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

std::string program_log(const std::filesystem::path& run_file, int rank) {
    std::error_code ignored;
    std::filesystem::create_directories(log_folder(run_file), ignored);
    return (log_folder(run_file) / fmt::format("rank-{}.program.log", rank)).string();
}

std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& run_file, int rank) {
    spdlog::sink_ptr sink;
    try {
        const auto folder = log_folder(run_file);
        std::filesystem::create_directories(folder);
        sink =
            std::make_shared<spdlog::sinks::basic_file_sink_mt>((folder / fmt::format("rank-{}.log", rank)).string());
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
