using System.Diagnostics;
using Entrepot.Server.Configuration;
using Entrepot.Server.Scheduler;

namespace Entrepot.FunctionalTests.Scheduler;

/// <summary>Programs that people really download with.</summary>
public sealed class ClientTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    [Theory]
    [InlineData(RoutingMode.Redirect)]
    [InlineData(RoutingMode.Proxy)]
    public async Task Curl_follows_to_an_edge_and_resumes(RoutingMode mode)
    {
        await using var site = await SchedulerSite.StartAsync(options: new SchedulerOptions { Mode = mode });
        var bytes = await PublishAsync(site);
        var folder = Directory.CreateTempSubdirectory("entrepot-curl-");
        try
        {
            var file = Path.Combine(folder.FullName, "disk.img");
            await File.WriteAllBytesAsync(file, bytes[..1_000_000]);
            await RunAsync("curl", folder, "-sSfL", "--noproxy", "*", "-C", "-", "-o", "disk.img", $"{site.Url}/images/24.04/disk.img");
            (await File.ReadAllBytesAsync(file)).ShouldBe(bytes);
            await RunAsync("curl", folder, "-sSfL", "--noproxy", "*", "-o", "whole", $"{site.Url}/images/24.04/disk.img");
            (await File.ReadAllBytesAsync(Path.Combine(folder.FullName, "whole"))).ShouldBe(bytes);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Wget_keeps_name_and_time_and_fetches_nothing_twice()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0, withFallback: true);
        var bytes = await PublishAsync(site);
        var folder = Directory.CreateTempSubdirectory("entrepot-wget-");
        try
        {
            await RunAsync("wget", folder, "-q", "--no-proxy", "-N", $"{site.Url}/images/24.04/disk.img");
            var file = new FileInfo(Path.Combine(folder.FullName, "disk.img"));
            (await File.ReadAllBytesAsync(file.FullName)).ShouldBe(bytes);
            file.LastWriteTimeUtc.ShouldBe(SchedulerSite.Start.UtcDateTime);
            var again = await RunAsync("wget", folder, "--no-proxy", "-N", $"{site.Url}/images/24.04/disk.img");
            again.ShouldContain("304");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Wget_mirrors_a_folder_by_its_page()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0, withFallback: true);
        await site.PublishAsync("24.04/a b.txt", "one");
        await site.PublishAsync("24.04/sub/c.txt", "two");
        var folder = Directory.CreateTempSubdirectory("entrepot-wget-");
        try
        {
            await RunAsync(
                "wget", folder, "-q", "--no-proxy", "-r", "-np", "-nH", "-R", "*\\?*,*.meta4,*.sha256", "--reject-regex", "\\?", $"{site.Url}/images/24.04/");
            (await File.ReadAllTextAsync(Path.Combine(folder.FullName, "images", "24.04", "a b.txt"))).ShouldBe("one");
            (await File.ReadAllTextAsync(Path.Combine(folder.FullName, "images", "24.04", "sub", "c.txt"))).ShouldBe("two");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Aria2_gets_the_right_bytes_with_a_metalink_while_one_edge_lies_and_one_is_dead()
    {
        if (!File.Exists("/usr/bin/aria2c"))
            Assert.Skip("There is no aria2c: apt-get install aria2.");
        await using var site = await SchedulerSite.StartAsync(edges: 4);
        var bytes = await PublishAsync(site);
        site.Edges[0].Manner = EdgeManner.Corrupt;
        await site.KillAsync(site.Edges[1]);
        var folder = Directory.CreateTempSubdirectory("entrepot-aria2-");
        try
        {
            // Pieces are proven one by one, so what the liar sends is fetched again elsewhere. All edges share one host here, which aria2
            // takes for one server: with a single connection to it, one bad piece would end the download.
            await RunAsync(
                "aria2c", folder, "--no-conf", "--all-proxy=", "--follow-metalink=mem", "--check-integrity=true", "--min-split-size=1M", "--split=4",
                "--max-connection-per-server=4", "--max-tries=10", "--retry-wait=0", "--connect-timeout=2", "--timeout=10", "--allow-overwrite=true",
                "--summary-interval=0", $"{site.Url}/images/24.04/disk.img.meta4");
            (await File.ReadAllBytesAsync(Path.Combine(folder.FullName, "disk.img"))).ShouldBe(bytes);
            site.Edges[0].Requests.ShouldNotBeEmpty("the lying edge was asked");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<byte[]> PublishAsync(SchedulerSite site)
    {
        var bytes = new byte[(9 << 20) + 12_345];
        new Random(11).NextBytes(bytes);
        await site.PublishAsync("24.04/disk.img", bytes);
        return bytes;
    }

    private static async Task<string> RunAsync(string program, DirectoryInfo folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Deadline);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        var said = await output + await error;
        process.ExitCode.ShouldBe(0, said);
        return said;
    }
}
