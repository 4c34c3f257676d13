using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;

namespace Entrepot.Tests.Server.Configuration;

public sealed class SettingsReaderTests
{
    public static TheoryData<string> Samples => [.. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "samples"), "*.yaml").Select(f => Path.GetFileName(f)).Where(static f => !f.StartsWith("portfile-", StringComparison.Ordinal))];

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("edges:\n")]
    [InlineData("---\n")]
    public void A_file_that_states_nothing_gives_the_defaults(string yaml)
    {
        var result = SettingsReader.Read(yaml, "e.yaml");

        result.Errors.ShouldBeEmpty();
        result.Settings.ShouldBe(Settings.Default);
        result.Given.ShouldBeEmpty();
    }

    [Fact]
    public void Every_value_arrives_where_it_belongs()
    {
        var settings = SettingsReader.ReadFile(Sample("public-mirror.yaml")).Require();

        settings.Node.Value.ShouldBe("mirror-1");
        settings.Bind.ShouldBe(IPAddress.Any);
        settings.PublicHost.ShouldBe("mirror.example.org");
        settings.Push.Zone.ShouldBe(Zone.Internal);
        settings.Push.Allow.ShouldBe([IPNetwork.Parse("10.20.0.15/32"), IPNetwork.Parse("127.0.0.0/8")]);
        settings.Admin.Allow.ShouldContain(IPNetwork.Parse("::1/128"));
        settings.Metadata.Allow.ShouldBe(SurfaceSettings.Anyone);
        settings.Edges.Capacity.ShouldBe(200L << 30);
        settings.Edges.Pool.ShouldBe(new PortRange(54321, 54400));
        settings.Routing.Sites.Select(s => s.Name).ShouldBe(["hall-a", "hall-b"]);
        settings.Retention.ShouldBe(new RetentionSettings { KeepSnapshots = 30, KeepDays = 90 });
        settings.GarbageCollection.Grace.ShouldBe(TimeSpan.FromDays(2));
        settings.Scrub.Rate.ShouldBe(64L << 20);
        settings.Limits.MinRate.ShouldBe(1024);
        settings.Log.Format.ShouldBe(LogFormat.Json);
    }

    [Fact]
    public void Null_takes_a_rule_away_where_that_is_allowed()
    {
        SettingsReader.Read("retention: {keepSnapshots: null}", "e.yaml").Require().Retention.KeepSnapshots.ShouldBeNull();
        SettingsReader.Read("surfaces: {push: {port: null}}", "e.yaml").Errors.Single().Message
            .ShouldBe("surfaces.push.port is nothing; expected a port, 1–65535, or 0 for any free one");
    }

    [Fact]
    public void A_relative_data_folder_is_taken_from_the_files_folder()
        => SettingsReader.ReadFile(Sample("single-machine.yaml")).Require().DataFolder.ShouldBe(Path.Combine(RepositoryFiles.Root, "data"));

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_sample_is_read_and_survives_being_written_and_read_again(string name)
    {
        var result = SettingsReader.ReadFile(Sample(name));
        var written = SettingsWriter.Write(result.Require(), result.Given);

        var again = SettingsReader.Read(written, "again.yaml");

        again.Errors.ShouldBeEmpty(written);
        SettingsWriter.Write(again.Require(), result.Given).ShouldBe(written);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_truncated_prefix_of_a_sample_is_read_or_gives_errors_with_a_place(string name)
    {
        var text = File.ReadAllText(Sample(name));
        for (var length = 0; length < text.Length; length++)
        {
            var result = SettingsReader.Read(text[..length], "cut.yaml");
            (result.Settings is null).ShouldBe(result.Errors.Count > 0, $"at {length}");
            result.Errors.ShouldAllBe(e => e.Line >= 1 && e.Column >= 1 && e.Message.Length > 10);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_with_any_one_character_changed_never_breaks_the_reader(string name)
    {
        var text = File.ReadAllText(Sample(name));
        for (var at = 0; at < text.Length; at++)
        {
            const string trouble = "\0\t\n:{}[]&*!|>'\"%@`-?,# 0\ud800";
            for (var i = 0; i < 4; i++)
            {
                var c = trouble[(at + i * 7) % trouble.Length];
                var result = SettingsReader.Read(string.Concat(text.AsSpan(0, at), [c], text.AsSpan(at + 1)), "changed.yaml");
                (result.Settings is null).ShouldBe(result.Errors.Count > 0, $"{at} became {(int)c:x}");
            }
        }
    }

    [Fact]
    public void A_missing_file_and_one_that_is_not_utf8_say_so()
    {
        Should.Throw<FaultException>(() => SettingsReader.ReadFile("/nowhere/e.yaml")).Fault.Kind.ShouldBe(FaultKind.NotFound);
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, [.. "site: "u8, 0xff, 0xfe]);
            var fault = Should.Throw<FaultException>(() => SettingsReader.ReadFile(file)).Fault;
            fault.Is(SettingsFault.Unreadable).ShouldBeTrue();
            fault.Message.ShouldContain("not UTF-8: byte 6");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Require_tells_every_error_in_one_fault()
    {
        var fault = Should.Throw<FaultException>(() => SettingsReader.Read("bnid: 1\nsite: 'A B'\n", "e.yaml").Require()).Fault;

        fault.Code.ShouldBe("settings/invalid");
        fault.Message.ShouldBe(
            """
            the settings hold 2 errors:
            e.yaml:1:1: unknown key 'bnid'; did you mean 'bind'?
            e.yaml:2:7: site is 'A B'; expected a site name of 1–63 characters a–z, 0–9 and '-'
            """);
    }

    private static string Sample(string name) => Path.Combine(RepositoryFiles.Root, "samples", name);
}
