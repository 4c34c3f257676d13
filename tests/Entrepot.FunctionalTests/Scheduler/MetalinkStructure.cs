using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Entrepot.FunctionalTests.Scheduler;

/// <summary>The rules of RFC 5854 that a schema would check, for the elements that are written here.</summary>
internal static partial class MetalinkStructure
{
    private static readonly XNamespace Metalink = "urn:ietf:params:xml:ns:metalink";

    private static readonly Dictionary<string, int> HashLength = new() { ["sha-256"] = 64, ["md5"] = 32 };

    public static void Check(XElement root)
    {
        root.Name.ShouldBe(Metalink + "metalink");
        root.DescendantsAndSelf().ShouldAllBe(static element => element.Name.Namespace == Metalink);
        Names(root).ShouldBeSubsetOf(["generator", "origin", "published", "updated", "file"]);
        foreach (var once in (string[])["generator", "origin", "published", "updated"])
            root.Elements(Metalink + once).Count().ShouldBeLessThanOrEqualTo(1, once);
        if (root.Element(Metalink + "origin") is { } origin)
        {
            Uri.IsWellFormedUriString(origin.Value, UriKind.Absolute).ShouldBeTrue();
            origin.Attribute("dynamic")!.Value.ShouldBeOneOf("true", "false");
        }

        if (root.Element(Metalink + "published") is { } published)
            DateTimeOffset.TryParseExact(published.Value, "yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.None, out _).ShouldBeTrue();
        if (root.Element(Metalink + "generator") is { } generator)
            Generator().IsMatch(generator.Value).ShouldBeTrue(generator.Value);
        root.Elements(Metalink + "file").ShouldNotBeEmpty();
        foreach (var file in root.Elements(Metalink + "file"))
            CheckFile(file);
    }

    private static void CheckFile(XElement file)
    {
        var name = file.Attribute("name")!.Value;
        name.ShouldNotBeNullOrEmpty();
        name.Split('/').ShouldAllBe(static segment => segment != ".." && segment != "." && segment.Length > 0);
        Names(file).ShouldBeSubsetOf(["size", "hash", "pieces", "url"]);
        var size = long.Parse(file.Elements(Metalink + "size").Single().Value, NumberStyles.None);
        foreach (var hash in file.Elements(Metalink + "hash"))
            CheckHash(hash.Value, hash.Attribute("type")!.Value);
        file.Elements(Metalink + "hash").Select(static hash => hash.Attribute("type")!.Value).ShouldBeUnique();
        foreach (var pieces in file.Elements(Metalink + "pieces"))
        {
            var length = long.Parse(pieces.Attribute("length")!.Value, NumberStyles.None);
            length.ShouldBePositive();
            pieces.Elements().Count().ShouldBe((int)((size + length - 1) / length));
            pieces.Elements().ShouldNotBeEmpty();
            foreach (var hash in pieces.Elements())
            {
                hash.Name.ShouldBe(Metalink + "hash");
                CheckHash(hash.Value, pieces.Attribute("type")!.Value);
            }
        }

        file.Elements(Metalink + "url").ShouldNotBeEmpty();
        foreach (var url in file.Elements(Metalink + "url"))
        {
            Uri.IsWellFormedUriString(url.Value, UriKind.Absolute).ShouldBeTrue(url.Value);
            int.Parse(url.Attribute("priority")!.Value, NumberStyles.None).ShouldBeInRange(1, 999_999);
            (url.Attribute("location")?.Value.Length ?? 2).ShouldBe(2);  // ISO 3166-1 alpha-2
        }
    }

    private static void CheckHash(string value, string type)
    {
        HashLength.ShouldContainKey(type);
        value.Length.ShouldBe(HashLength[type]);
        value.ShouldAllBe(static c => char.IsAsciiDigit(c) || (c >= 'a' && c <= 'f'));
    }

    private static IEnumerable<string> Names(XElement parent) => parent.Elements().Select(static child => child.Name.LocalName).Distinct();

    [GeneratedRegex("^[A-Za-z]+/\\S+$")]
    private static partial Regex Generator();
}
