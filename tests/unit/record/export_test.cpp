#include "record/export.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.hpp"
#include "record_samples.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

class SampleReader : public record::RunReader {
public:
    const record::RunHeader& header() const override { return header_; }
    void entries(const std::function<void(const record::Entry&)>& take) override {
        testing::SampleRun run;
        for (int i = 0; i < 50; ++i) take(run.next());
    }

private:
    record::RunHeader header_ = testing::sample_header();
};

TEST(Export, JsonHasEveryTableWithNamesAndLiterals) {
    SampleReader reader;
    std::ostringstream out;
    record::export_json(reader, out);
    const auto json = nlohmann::json::parse(out.str());
    EXPECT_EQ(json["header"]["job"], reader.header().job_text);
    const auto& member = json["members"][1];
    EXPECT_EQ(member["configuration"]["lr"], 0.001);
    EXPECT_EQ(member["configuration"]["layers"], 1);
    EXPECT_EQ(member["configuration"]["optimizer"], "adam, \"w\"");
    EXPECT_TRUE(member["configuration"]["time"].is_null());
    EXPECT_EQ(member["cause"], "sampled");
    EXPECT_TRUE(member["parent"].is_null());
    EXPECT_FALSE(member.contains("time"));
    EXPECT_EQ(json["workers"][0]["host"], "host-1");
    EXPECT_EQ(json["reports"][0]["status"], "full");
    EXPECT_EQ(json["reports"][0]["valid_loss"], 1.0);
    EXPECT_EQ(json["units"].size(), 2 * json["reports"].size());
    EXPECT_EQ(json["failures"][0]["message"], "wörse");
}

TEST(Export, CsvHasOneFileATable) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "stemma_export_csv";
    std::filesystem::remove_all(folder);
    SampleReader reader;
    record::export_csv(reader, folder);
    std::ifstream in(folder / "members.csv");
    std::string line;
    std::getline(in, line);
    EXPECT_EQ(line, "member,parent,donor,cause,generation,replaced,bracket,lr,layers,optimizer,time_");
    std::getline(in, line);
    EXPECT_EQ(line, "0,,,sampled,0,,,0.0,0,sgd,");
    std::getline(in, line);
    EXPECT_EQ(line, "1,,,sampled,0,,,0.001,1,\"adam, \"\"w\"\"\",");
    EXPECT_TRUE(std::filesystem::exists(folder / "incarnations.csv"));
    std::filesystem::remove_all(folder);
}

TEST(Export, AFolderThatCannotBeMadeIsSaid) {
    SampleReader reader;
    EXPECT_ERROR(record::export_csv(reader, "/proc/nothing/here"), UserError, "/proc/nothing/here: cannot be made");
}

}  // namespace
}  // namespace stemma
