using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Scheduler;

namespace Entrepot.Tests.Server.Scheduler;

public sealed class MetalinkWriterTests
{
    private static readonly MirrorName Images = MirrorName.Parse("images");

    [Fact]
    public void The_document_is_as_it_always_was()
    {
        Md5Digest.TryParse("9e107d9d372bb6826bd81d3542a419d6", out var md5).ShouldBeTrue();
        var digest = Sha256Digest.Of("disk"u8);
        var print = new Fingerprint(digest, (1 << 20) + 7, 0, md5, 1 << 20, [new Piece(1, Sha256Digest.Of("one"u8)), new Piece(2, Sha256Digest.Of("two"u8))]);
        var text = Write("24.04/disk & \"more\" <1>.img", print);
        // The version is the only thing in it that a release changes.
        Regex.Replace(text, "Entrepot/[^<]+", "Entrepot/0").ShouldBe($$"""
            <?xml version="1.0" encoding="utf-8"?>
            <metalink xmlns="urn:ietf:params:xml:ns:metalink">
              <generator>Entrepot/0</generator>
              <origin dynamic="true">http://mirror.example:8080/images/24.04/disk%20%26%20%22more%22%20%3C1%3E.img.meta4</origin>
              <published>2026-03-14T15:09:26Z</published>
              <file name="disk &amp; &quot;more&quot; &lt;1&gt;.img">
                <size>1048583</size>
                <hash type="sha-256">{{digest.Hex}}</hash>
                <hash type="md5">9e107d9d372bb6826bd81d3542a419d6</hash>
                <pieces length="1048576" type="sha-256">
                  <hash>7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed</hash>
                  <hash>3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3</hash>
                </pieces>
                <url priority="1">http://edge-1.example:54321/images/24.04/disk%20%26%20%22more%22%20%3C1%3E.img?digest=sha256:{{digest.Hex}}</url>
                <url priority="2">http://mirror.example:8080/images/24.04/disk%20%26%20%22more%22%20%3C1%3E.img?digest=sha256:{{digest.Hex}}</url>
              </file>
            </metalink>
            """);
    }

    [Fact]
    public void Characters_that_XML_can_not_hold_do_no_harm()
    {
        var print = new Fingerprint(Sha256Digest.Of(""u8), 0, 0, null, 1 << 20, []);
        Write("a\uFFFEb\uFFFFc\u0085d😀", print).ShouldContain("name=\"a\uFFFDb\uFFFDc");
    }

    private static string Write(string path, Fingerprint print)
    {
        var published = new DateTimeOffset(2026, 3, 14, 15, 9, 26, TimeSpan.Zero);
        var entry = new TreeEntry(ContentPath.Parse(path), print.Digest, print.Size, published);
        var info = new SnapshotInfo(Images, 3, Sha256Digest.Of("root"u8), published, "test", "", 1, print.Size);
        var edge = new EdgeState(NodeName.Parse("edge-1"), "http://edge-1.example:54321", []) { Condition = EdgeCondition.Healthy };
        var selection = EdgeSelector.Select(
            new SelectionRequest(IPAddress.Loopback, print.Digest, print.Size), [edge], [], SiteMap.Empty, new SelectionOptions());
        return Encoding.UTF8.GetString(MetalinkWriter.Write(
            new ServedFile(new TreeSnapshot(info, ImmutableArray.Create(entry)), entry), print, selection, "http://mirror.example:8080"));
    }
}
