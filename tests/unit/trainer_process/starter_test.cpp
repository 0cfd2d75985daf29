// The helper: which processes are killed and when, and that nothing is left behind.

#include "trainer/process/starter.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "trainer/process/child.hpp"
#include "trainer/process/messages.hpp"
#include "unit/trainer_process/program.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

bool running(int pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    if (!std::getline(stat, text)) return false;
    return text[text.rfind(')') + 2] != 'Z';
}

/// Waits for something that another process is about to do. False after a minute.
template <class Condition>
bool comes_true(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

class StarterTest : public ProgramTest {
protected:
    StarterTest() {
        std::string pattern = (fs::temp_directory_path() / "stemma-starter-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~StarterTest() override { fs::remove_all(folder_); }

    std::string file(const std::string& name) const { return (folder_ / name).string(); }
    /// The program's and its own child's process ids.
    std::pair<int, int> ids() const {
        std::ifstream in(file("ids"));
        std::pair<int, int> out{0, 0};
        in >> out.first >> out.second;
        return out;
    }
    ProcessSettings forking() const {
        auto settings = program("forks");
        settings.command.push_back(file("ids"));
        return settings;
    }

    fs::path folder_;
};

TEST_F(StarterTest, WhatAProgramStartedEndsWithIt) {
    auto trainer = make_process_trainer(forking(), starter());
    trained(*trainer);
    const auto [program_id, child_id] = ids();
    ASSERT_TRUE(running(program_id));
    ASSERT_TRUE(running(child_id));

    trainer.reset();

    EXPECT_TRUE(comes_true([&, p = program_id, c = child_id] { return !running(p) && !running(c); }));
}

TEST_F(StarterTest, NothingIsLeftWhenTheWorkerIsKilled) {
    const auto settings = [&] {
        auto one = forking();
        one.scratch = folder_.string();
        return one;
    }();
    const auto worker = ::fork();
    if (worker == 0) {
        const auto own = std::make_shared<ChildStarter>();
        const auto trainer = make_process_trainer(settings, own);
        static_cast<void>(trainer->train(request()));
        std::ofstream(file("ready")) << "now";
        for (;;) ::pause();
    }
    ASSERT_GT(worker, 0);
    ASSERT_TRUE(comes_true([&] { return fs::exists(file("ready")); }));
    const auto [program_id, child_id] = ids();
    const auto left = [&] {
        return std::distance(fs::directory_iterator(folder_), {});  // ids, ready, and the scratch folder
    };
    EXPECT_EQ(left(), 3);

    ::kill(worker, SIGKILL);
    ::waitpid(worker, nullptr, 0);

    EXPECT_TRUE(comes_true([&, p = program_id, c = child_id] { return !running(p) && !running(c); }));
    EXPECT_TRUE(comes_true([&] { return left() == 2; })) << "the scratch folder stays behind";
}

TEST_F(StarterTest, TheProgramDiesWithItsHelper) {
    auto own = std::make_unique<ChildStarter>();
    auto started = own->start({{"sleep", "3600"}, read_environment(), ""});
    ASSERT_TRUE(running(started.pid));

    own.reset();

    EXPECT_FALSE(running(started.pid));
}

/// The next event of the program; nothing after a minute.
std::optional<ChildEvent> next_of(Child& child) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < until) {
        if (auto event = event_at_hand(child)) return event;
        auto watched = child.watched();
        if (::poll(watched.data(), watched.size(), 50) > 0) child.take_in(watched);
    }
    return std::nullopt;
}

TEST_F(StarterTest, ManyProgramsAtOnceFromSeveralThreads) {
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            Child child(*starter(), {{"sh", "-c", "exit 3"}, read_environment(), ""}, "");
            const auto event = next_of(child);
            good += event && std::holds_alternative<ChildEnded>(*event) &&
                    std::get<ChildEnded>(*event).how == "exit code 3";
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(good, 8);
}

TEST_F(StarterTest, AProgramSeesNoDescriptorsButItsOwn) {
    Child child(*starter(), {{"sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"}, read_environment(), ""}, "");

    const auto event = next_of(child);

    ASSERT_TRUE(event && std::holds_alternative<ChildEnded>(*event));
    EXPECT_EQ(child.output().text(), "0 1 2 3 4 5 ") << "5 is the folder that ls reads";
}

TEST_F(StarterTest, AllThatIsPrintedGoesToTheLog) {
    {
        Child child(*starter(), {{"sh", "-c", "seq 1 30000"}, read_environment(), ""}, file("log"));
        static_cast<void>(next_of(child));
    }

    std::ifstream log(file("log"));
    std::string line, last;
    int lines = 0;
    for (; std::getline(log, line); last = line) ++lines;
    EXPECT_EQ(lines, 30000);
    EXPECT_EQ(last, "30000");
}

}  // namespace
}  // namespace stemma
