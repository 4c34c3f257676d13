using System.Diagnostics;
using System.Net;
using Entrepot.Mirror.Blobs;
using Entrepot.Server.Push;

namespace Entrepot.FunctionalTests.Push;

/// <summary>What happens at the limits: too many at once, too large, no space.</summary>
public sealed class PushLimitTests
{
    [Fact]
    public async Task Beyond_those_that_run_and_wait_a_push_is_told_to_come_again()
    {
        await using var site = await PushSite.StartAsync(new PushOptions { Concurrent = 1, Waiting = 1 });
        using var running = await site.ConnectAsync();
        await running.SendAsync("PUT /images/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhel");
        await PushSite.EventuallyAsync(() => site.Leftovers().Length == 1, "the first upload runs");
        // Two come for the one place in the queue; which of them gets it is a race, that one is refused is not.
        Task<HttpResponseMessage>[] rivals = [site.PutAsync("/images/b", [1]), site.PutAsync("/images/c", [2])];
        var first = await Task.WhenAny(rivals);
        var waiting = rivals.Single(rival => rival != first);
        using var refused = await first;

        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter.ShouldNotBeNull();
        (await PushSite.ProblemAsync(refused)).GetProperty("code").GetString().ShouldBe("push/busy");
        await running.SendAsync("lo");
        (await running.ReceiveAllAsync()).ShouldContain("201 Created");
        (await waiting).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_wait_without_end_is_ended()
    {
        await using var site = await PushSite.StartAsync(new PushOptions { Concurrent = 1, Waiting = 1, WaitTimeout = TimeSpan.FromMilliseconds(50) });
        using var running = await site.ConnectAsync();
        await running.SendAsync("PUT /images/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
        await PushSite.EventuallyAsync(() => site.Leftovers().Length == 1, "the first upload runs");

        (await site.PutAsync("/images/b", [1])).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_file_beyond_the_limit_is_refused_announced_or_not()
    {
        await using var site = await PushSite.StartAsync(new PushOptions { MaxBytes = 1000 });
        (await site.PutAsync("/images/fits", new byte[1000])).StatusCode.ShouldBe(HttpStatusCode.Created);

        using var announced = await site.PutAsync("/images/a", new byte[1001]);
        announced.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        var chunked = await Curl.RunAsync(new byte[100_000], "-T", "-", $"{site.Url}/images/b");
        chunked.Status.ShouldBe(413, chunked.Error);

        site.Leftovers().ShouldBeEmpty();
        site.Current.Number.ShouldBe(1);
    }

    [Fact]
    public async Task A_file_of_more_than_the_servers_usual_limit_is_taken()
    {
        // Kestrel takes 30,000,000 bytes unless it is told otherwise.
        await using var site = await PushSite.StartAsync();
        var content = new byte[31_000_000];

        (await site.PutAsync("/images/a", content)).StatusCode.ShouldBe(HttpStatusCode.Created);

        site.Current.Entries.Single().Size.ShouldBe(content.Length);
    }

    [Fact]
    public async Task A_full_disk_is_507_and_nothing_is_lost_or_left()
    {
        var mount = Directory.CreateTempSubdirectory("entrepot-full-").FullName;
        try
        {
            if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || Run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", mount) is not 0)
                Assert.Skip("needs root, to mount a tiny file system");
            try
            {
                await using var site = await PushSite.StartAsync(folder: mount);
                var kept = MakeContent(500_000);
                (await site.PutAsync("/images/kept", kept)).StatusCode.ShouldBe(HttpStatusCode.Created);

                foreach (var size in new[] { 8 * BlockPool.BlockSize, 20 * BlockPool.BlockSize })
                {
                    using var full = await site.PutAsync("/images/big", MakeContent(size));
                    full.StatusCode.ShouldBe(HttpStatusCode.InsufficientStorage);
                    var problem = await PushSite.ProblemAsync(full);
                    problem.GetProperty("code").GetString().ShouldBe("blob/disk-full");
                    problem.GetProperty("cure").GetString()!.ShouldContain("entrepot gc");
                    await PushSite.EventuallyAsync(() => site.Leftovers().Length == 0, "the space is given back");
                }

                await FillAndContinueAsync(site);
                site.ReadFile("kept").ShouldBe(kept);
                (await site.PutAsync("/images/after", MakeContent(300_000))).StatusCode.ShouldBe(HttpStatusCode.Created);
            }
            finally
            {
                Run("umount", mount).ShouldBe(0);
            }
        }
        finally
        {
            Directory.Delete(mount, recursive: true);
        }
    }

    /// <summary>A resumable upload that meets a full disk keeps what was durable and goes on when there is room.</summary>
    private static async Task FillAndContinueAsync(PushSite site)
    {
        var content = MakeContent(2 * BlockPool.BlockSize);
        using var created = await site.PutAsync("/images/resumed", [], ("Upload-Complete", "?0"));
        var location = created.Headers.Location!.OriginalString;
        (string, string)[] Part(int offset, bool complete)
            => [("Content-Type", "application/partial-upload"), ("Upload-Offset", $"{offset}"), ("Upload-Complete", complete ? "?1" : "?0")];
        (await site.SendAsync(HttpMethod.Patch, location, content[..100_000], Part(0, false))).EnsureSuccessStatusCode();
        var ballast = Path.Combine(site.Folder, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[(int)new DriveInfo(site.Folder).AvailableFreeSpace - 1_000_000]);

        using var full = await site.SendAsync(HttpMethod.Patch, location, content[100_000..], Part(100_000, true));
        full.StatusCode.ShouldBe(HttpStatusCode.InsufficientStorage);
        full.Headers.GetValues("Upload-Complete").ShouldBe(["?0"]);

        File.Delete(ballast);
        using var head = await site.SendAsync(HttpMethod.Head, location);
        var offset = int.Parse(head.Headers.GetValues("Upload-Offset").Single());
        using var done = await site.SendAsync(HttpMethod.Patch, location, content[offset..], Part(offset, true));
        done.StatusCode.ShouldBe(HttpStatusCode.Created, await done.Content.ReadAsStringAsync());
        site.ReadFile("resumed").ShouldBe(content);
        (await site.SendAsync(HttpMethod.Delete, "/images/resumed")).EnsureSuccessStatusCode();
    }

    private static byte[] MakeContent(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static int Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
