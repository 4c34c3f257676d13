using System.Text.Json;

namespace Entrepot.SystemTests.Trust;

/// <summary>TLS as strangers see it: by OpenSSL's client, and by testssl.sh.</summary>
public sealed class GivenCertificateTests
{
    private static readonly string[] Harmless = ["OK", "INFO", "LOW", "WARN", "DEBUG"];

    [Fact]
    public async Task The_responders_answer_is_stapled()
    {
        using var folder = new TestFolder();
        await using var given = await GivenCertificate.CreateAsync(folder);
        await using var node = await EntrepotProcess.StartWithAsync(given.Settings, folder["node"], "serve", "--roles", "origin,scheduler");

        // The responder is asked in the background.
        var seen = "";
        await Poll.UntilAsync(
            async () =>
            {
                seen = (await Command.RunWithInputAsync(
                    "", "openssl", "s_client", "-connect", $"127.0.0.1:{node.Url("scheduler").Port}", "-servername", "localhost", "-CAfile", given.Authority, "-status", "-verify_return_error")).Output;
                return seen.Contains("OCSP Response Status: successful", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(60), () => $"no stapled answer:\n{seen}\n{node.Output}");

        seen.ShouldContain("Cert Status: good");
        seen.ShouldContain("Verify return code: 0 (ok)");
    }

    [Fact]
    public async Task Testssl_finds_nothing_above_low()
    {
        Command.Require("testssl");
        using var folder = new TestFolder();
        await using var given = await GivenCertificate.CreateAsync(folder);
        await using var node = await EntrepotProcess.StartWithAsync(given.Settings, folder["node"], "serve", "--roles", "origin,scheduler");

        var run = await Command.RunAsync(
            "testssl", "--quiet", "--color", "0", "--warnings", "off", "--add-ca", given.Authority, "--jsonfile", folder["findings.json"], $"https://localhost:{node.Url("scheduler").Port}");

        using var findings = JsonDocument.Parse(await File.ReadAllTextAsync(folder["findings.json"]));
        var all = findings.RootElement.EnumerateArray().Select(static one => (
            Id: one.GetProperty("id").GetString()!, Severity: one.GetProperty("severity").GetString()!, Finding: one.GetProperty("finding").GetString()!)).ToList();
        all.Select(static one => one.Id).ShouldContain("TLS1_3", run.Output);
        all.Count.ShouldBeGreaterThan(60, run.Output);
        all.Single(static one => one.Id == "OCSP_stapling").Severity.ShouldBe("OK");
        all.Single(static one => one.Id == "HSTS_time").Severity.ShouldBe("OK");
        all.Where(static one => !Harmless.Contains(one.Severity)).Select(static one => $"{one.Severity} {one.Id}: {one.Finding}").ShouldBeEmpty(run.Output);
    }
}
