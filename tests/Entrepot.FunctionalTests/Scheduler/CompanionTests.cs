using System.Diagnostics;
using System.Net;
using System.Text;
using System.Xml.Linq;
using Entrepot.Mirror.Integrity;

namespace Entrepot.FunctionalTests.Scheduler;

public sealed class CompanionTests
{
    private static readonly XNamespace Metalink = "urn:ietf:params:xml:ns:metalink";

    [Fact]
    public async Task A_sha256_companion_is_a_line_that_sha256sum_checks()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        var print = await site.PublishAsync("24.04/disk 1.img", "some bytes");
        using var response = await site.GetAsync("/images/24.04/disk%201.img.sha256");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; charset=utf-8");
        var line = await response.Content.ReadAsStringAsync();
        line.ShouldBe($"{print.Digest.Hex}  disk 1.img\n");
        await CheckWithCoreutilsAsync("sha256sum", line);
    }

    [Fact]
    public async Task An_md5_companion_appears_once_the_MD5_is_known()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        var print = await site.PublishAsync("disk 1.img", "some bytes");
        using var early = await site.GetAsync("/images/disk%201.img.md5");
        early.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        early.Headers.RetryAfter.ShouldNotBeNull();
        (await early.Content.ReadAsStringAsync()).ShouldContain("scheduler/md5-pending");

#pragma warning disable CA5351 // The old digest is what is tested.
        await site.Catalog.SetMd5Async(print.Digest, new Md5Digest(System.Security.Cryptography.MD5.HashData("some bytes"u8)));
#pragma warning restore CA5351
        using var response = await site.GetAsync("/images/disk%201.img.md5");
        await CheckWithCoreutilsAsync("md5sum", await response.Content.ReadAsStringAsync());
        var file = XDocument.Parse(await TextAsync(site, "/images/disk%201.img.meta4")).Root!.Element(Metalink + "file")!;
        file.Elements(Metalink + "hash").Select(static hash => hash.Attribute("type")!.Value).ShouldBe(["sha-256", "md5"]);
    }

    [Theory]
    [InlineData(".sha256")]
    [InlineData(".meta4")]
    [InlineData(".md5")]
    public async Task A_real_file_of_that_name_wins(string suffix)
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("disk.img", "some bytes");
        await site.PublishAsync($"disk.img{suffix}", "signed by hand");
        using var response = await site.GetAsync($"/images/disk.img{suffix}");
        response.StatusCode.ShouldBe(HttpStatusCode.TemporaryRedirect);
        RedirectTests.Header(response, "X-Entrepot-Size").ShouldBe("14");
    }

    [Fact]
    public async Task A_companion_is_revalidated_by_its_tag()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        await site.PublishAsync("a", "some bytes");
        using var first = await site.GetAsync("/images/a.sha256");
        using var again = await site.GetAsync("/images/a.sha256", ("If-None-Match", first.Headers.ETag!.ToString()));
        again.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        await site.PublishAsync("a", "other bytes");
        using var changed = await site.GetAsync("/images/a.sha256", ("If-None-Match", first.Headers.ETag!.ToString()));
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(".sha256")]
    [InlineData(".meta4")]
    public async Task HEAD_says_how_long_a_companion_is(string suffix)
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("a", "some bytes");
        using var head = await site.SendAsync(HttpMethod.Head, $"/images/a{suffix}");
        var body = await TextAsync(site, $"/images/a{suffix}");
        head.Content.Headers.ContentLength.ShouldBe(Encoding.UTF8.GetByteCount(body));
    }

    [Fact]
    public async Task A_metalink_has_the_structure_of_RFC_5854()
    {
        await using var site = await SchedulerSite.StartAsync();
        var bytes = new byte[(2 << 20) + 5];
        new Random(7).NextBytes(bytes);
        var print = await site.PublishAsync("24.04/a <b> & \"c\".img", bytes);
        const string address = "/images/24.04/a%20%3Cb%3E%20%26%20%22c%22.img";

        using var response = await site.GetAsync($"{address}.meta4");

        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/metalink4+xml");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var root = XDocument.Parse(await response.Content.ReadAsStringAsync()).Root!;
        MetalinkStructure.Check(root);
        root.Element(Metalink + "origin")!.Value.ShouldBe($"{site.Url}{address}.meta4");
        root.Element(Metalink + "published")!.Value.ShouldStartWith("2026-03-14T15:09:");
        var file = root.Elements(Metalink + "file").Single();
        file.Attribute("name")!.Value.ShouldBe("a <b> & \"c\".img");
        file.Element(Metalink + "size")!.Value.ShouldBe(bytes.Length.ToString());
        file.Element(Metalink + "hash")!.Value.ShouldBe(print.Digest.Hex);
        file.Element(Metalink + "pieces")!.Attribute("length")!.Value.ShouldBe((1 << 20).ToString());
        file.Element(Metalink + "pieces")!.Elements().Select(static hash => hash.Value).ShouldBe(print.Pieces.Select(static piece => piece.Sha256.Hex));
        var urls = file.Elements(Metalink + "url").ToArray();
        urls.Select(static url => url.Attribute("priority")!.Value).ShouldBe(["1", "2", "3"]);
        urls[2].Value.ShouldBe($"{site.Url}{address}?digest={print.Digest}");
        urls[..2].Select(static url => url.Value).ShouldBe(
            site.Edges.Select(edge => $"{edge.Url}{address}?digest={print.Digest}"), ignoreOrder: true);
    }

    [Fact]
    public async Task An_empty_file_has_a_metalink_without_pieces()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("empty", "");
        var root = XDocument.Parse(await TextAsync(site, "/images/empty.meta4")).Root!;
        MetalinkStructure.Check(root);
        root.Element(Metalink + "file")!.Element(Metalink + "pieces").ShouldBeNull();
    }

    private static async Task<string> TextAsync(SchedulerSite site, string target)
    {
        using var response = await site.GetAsync(target);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task CheckWithCoreutilsAsync(string program, string line)
    {
        var folder = Directory.CreateTempSubdirectory("entrepot-sums-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "disk 1.img"), "some bytes");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "sums"), line);
            var start = new ProcessStartInfo(program, ["-c", "--strict", "sums"]) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true };
            using var process = Process.Start(start)!;
            (await process.StandardOutput.ReadToEndAsync()).ShouldBe("disk 1.img: OK\n");
            await process.WaitForExitAsync();
            process.ExitCode.ShouldBe(0);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
