#include "trainer/process/script_runner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "platform/descriptor.hpp"
#include "platform/user_path.hpp"
#include "trainer/error_text.hpp"
#include "trainer/process/command_template.hpp"
#include "trainer/process/environment.hpp"
#include "trainer/process/messages.hpp"
#include "trainer/process/printed_metrics.hpp"
#include "trainer/process/refused_command.hpp"
#include "trainer/users_mistake.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t tail_bytes = 8192;  ///< of the output, to tell what a failure was

/// Frames to and from the worker. Blocks.
class Worker {
public:
    void send(const Json& message) {
        const auto frame = framed(message.dump(-1, ' ', false, Json::error_handler_t::replace));
        for (std::size_t done = 0; done < frame.size();) {
            const auto wrote = ::write(child_write_descriptor, frame.data() + done, frame.size() - done);
            if (wrote < 0 && errno != EINTR) ::_exit(1);  // the worker is gone
            if (wrote > 0) done += static_cast<std::size_t>(wrote);
        }
    }
    /// The next message of that type; nothing after a quit, or when the worker is gone.
    std::optional<Json> next(std::string_view type) {
        while (true) {
            while (const auto text = frames_.next()) {
                auto message = Json::parse(*text);
                if (message["type"] == type) return message;
                if (message["type"] == "quit") return std::nullopt;
            }
            std::array<char, 4096> bytes{};
            const auto got = ::read(child_read_descriptor, bytes.data(), bytes.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return std::nullopt;
            frames_.feed({bytes.data(), static_cast<std::size_t>(got)});
        }
    }

private:
    FrameReader frames_;
};

std::string text_of(const Json& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return fmt::format("{}", value.get<double>());
    return value.dump();
}

std::map<std::string, std::string> values_of(const Json& lease, const fs::path& metrics) {
    std::map<std::string, std::string> values;
    for (const auto& [name, value] : lease["configuration"].items()) values[name] = text_of(value);
    for (const auto& name : placeholders_of_trainings()) {
        if (lease.contains(name)) values[name] = text_of(lease[name]);
    }
    values["metrics"] = metrics.string();
    return values;
}

struct Pipe {
    Descriptor read, write;
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
        read = Descriptor(ends[0]);
        write = Descriptor(ends[1]);
    }
};

/// What a finished program left.
struct Ended {
    int status = 0;
    std::string tail;  ///< of its output and its errors
};

void write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto wrote = ::write(descriptor, bytes.data(), bytes.size());
        if (wrote < 0 && errno != EINTR) return;
        if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
}

pid_t start(std::vector<std::string> words, int output, int errors) {
    const auto pid = ::fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid > 0) return pid;
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    const auto why = fmt::format("{}: {}\n", words.front(), std::strerror(errno));
    write_all(STDERR_FILENO, why);
    ::_exit(127);
}

/// Passes on what the program prints until it and all that hold its output have ended, or it has ended.
Ended run(const std::vector<std::string>& words, PrintedMetrics& printed) {
    std::array<Pipe, 2> pipes;  // standard output, standard error
    const auto pid = start(words, pipes[0].write.number(), pipes[1].write.number());
    for (auto& pipe : pipes) pipe.write.close();
    Ended ended;
    bool reaped = false;
    std::array<pollfd, 2> waiting{{{pipes[0].read.number(), POLLIN, 0}, {pipes[1].read.number(), POLLIN, 0}}};
    while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
        // A process that the program left behind may hold its output for ever.
        const int ready = ::poll(waiting.data(), waiting.size(), reaped ? 0 : 100);
        if (ready <= 0) {
            if (reaped) break;
            reaped = ::waitpid(pid, &ended.status, WNOHANG) == pid;
            continue;
        }
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].revents == 0) continue;
            std::array<char, 65536> buffer{};
            const auto got = ::read(waiting[i].fd, buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) {
                waiting[i].fd = -1;
                continue;
            }
            const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
            write_all(i == 0 ? STDOUT_FILENO : STDERR_FILENO, bytes);
            if (i == 0) printed.feed(bytes);
            ended.tail += bytes;
            if (ended.tail.size() > 2 * tail_bytes) ended.tail.erase(0, ended.tail.size() - tail_bytes);
        }
    }
    while (!reaped && ::waitpid(pid, &ended.status, 0) < 0 && errno == EINTR) {
    }
    return ended;
}

/// A file that is there under `path`, or under that name with a suffix that a library appended (np.savez).
bool is_saved(const fs::path& path) {
    if (fs::exists(path)) return true;
    for (const auto& entry : fs::directory_iterator(path.parent_path())) {
        if (!entry.path().filename().string().starts_with(path.filename().string() + ".")) continue;
        fs::rename(entry.path(), path);
        return true;
    }
    return false;
}

void forget(const fs::path& save, const fs::path& metrics) {
    fs::remove_all(save);
    fs::remove(metrics);
    for (const auto& entry : fs::directory_iterator(save.parent_path())) {
        if (entry.path().filename().string().starts_with(save.filename().string() + ".")) fs::remove_all(entry.path());
    }
}

Json failure(const Json& lease, const Ended& ended, std::string_view message) {
    const bool exited = WIFEXITED(ended.status);
    const auto type = exited
                          ? fmt::format("exit code {}", WEXITSTATUS(ended.status))
                          : fmt::format("signal {} ({})", WTERMSIG(ended.status), ::strsignal(WTERMSIG(ended.status)));
    const auto kind = ended.status == 0 ? FailureKind::exception : kind_of_text(ended.tail);
    return {{"type", "failure"},
            {"lease", lease["lease"]},
            // Each training has a process of its own, which a device error does not outlive.
            {"kind", std::string(name_of(kind == FailureKind::device ? FailureKind::exception : kind))},
            {"error", ended.status == 0 ? "metrics" : type},
            {"message", message.empty() ? "the program ended with " + type : std::string(message)}};
}

Json mistake(const Json& lease, std::string_view refused) {
    return {{"type", "failure"},
            {"lease", lease["lease"]},
            {"kind", std::string(name_of(FailureKind::device))},
            {"error", std::string(wrong_command)},
            {"message", fmt::format("trainer.command: no training can begin: {}", refused)}};
}

Json number(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return value;
}

class Runner {
public:
    explicit Runner(const std::vector<std::string>& words) : command_(words) {}

    int serve(const std::vector<std::string>& words) {
        worker_.send({{"type", "hello"}, {"protocol", process_protocol_version}, {"name", words.front()}});
        const auto welcome = worker_.next("welcome");
        if (!welcome) return 0;
        metrics_ = (*welcome)["metrics"].get<std::vector<std::string>>();
        while (const auto lease = worker_.next("lease")) worker_.send(answer(*lease));
        return 0;
    }

private:
    Json answer(const Json& lease) {
        const fs::path save = lease["save"].get<std::string>();
        const auto rank = lease.value("rank", 0);
        const auto file = save.parent_path() / (rank == 0 ? "metrics.json" : fmt::format("metrics-{}.json", rank));
        forget(save, file);
        PrintedMetrics printed(metrics_);
        const auto ended = run(command_.filled(values_of(lease, file)), printed);
        if (ended.status != 0) {
            // After a training that ended well the command is right for other members.
            const auto refused = trained_ ? "" : refusal_of_command(ended.tail);
            return refused.empty() ? failure(lease, ended, "") : mistake(lease, refused);
        }
        trained_ = true;
        // Of several processes, process 0 has the metrics.
        return rank == 0 ? report(lease, file, printed) : report_of(lease, Json::object());
    }

    Json report_of(const Json& lease, Json metrics) const {
        const bool saved = command_.has("save") && is_saved(lease["save"].get<std::string>());
        return {{"type", "report"},
                {"lease", lease["lease"]},
                {"at", lease["to"]},
                {"metrics", std::move(metrics)},
                {"snapshot", saved}};
    }

    Json report(const Json& lease, const fs::path& file, PrintedMetrics& printed) const {
        PrintedMetrics written(metrics_);
        const bool by_file = command_.has("metrics");
        if (by_file) {
            std::ifstream in(file, std::ios::binary);
            const std::string text(std::istreambuf_iterator<char>(in), {});
            written.feed(text);
        }
        const auto& found = by_file ? written.values() : printed.values();
        if (found.empty()) {
            return failure(lease, {},
                           fmt::format("the program {} none of trainer.metrics ({}): {}",
                                       by_file ? "wrote to {metrics}" : "printed", fmt::join(metrics_, ", "),
                                       by_file ? "write one JSON object with them"
                                               : "print them as name=value, or as one JSON object"));
        }
        Json metrics = Json::object();
        for (const auto& [name, value] : found) metrics[name] = number(value);
        Json unread = Json::array();
        for (const auto& [name, value] : lease["configuration"].items()) {
            if (!command_.has(name)) unread.push_back(name);
        }
        auto report = report_of(lease, std::move(metrics));
        report["unread"] = std::move(unread);
        return report;
    }

    CommandTemplate command_;
    Worker worker_;
    std::vector<std::string> metrics_;
    bool trained_ = false;  ///< a training has ended well
};

}  // namespace

std::vector<std::string> script_runner() {
    return {fs::read_symlink("/proc/self/exe").string(), script_runner_command, "--"};
}

int run_scripts(const std::vector<std::string>& words) {
    if (words.empty() || program_path(words.front()).empty()) {
        std::fprintf(stderr, "%s: no such program\n", words.empty() ? "" : words.front().c_str());
        return 2;
    }
    for (const int descriptor : {child_read_descriptor, child_write_descriptor})
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    for (const auto* name : {"STEMMA_PROTOCOL", "STEMMA_READ_FD", "STEMMA_WRITE_FD", "STEMMA_CHANNEL", "STEMMA_SOCKET"})
        ::unsetenv(name);
    return Runner(words).serve(words);
}

}  // namespace stemma
