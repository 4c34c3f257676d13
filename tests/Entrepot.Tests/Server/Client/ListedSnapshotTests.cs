using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Server.Client;

namespace Entrepot.Tests.Server.Client;

public sealed class ListedSnapshotTests
{
    private static readonly string Hex = Sha256Digest.Of("x"u8).Hex;

    [Fact]
    public void Lines_of_sha256sum_are_read_and_prove_the_root()
    {
        var bytes = Encoding.UTF8.GetBytes($"{Hex}  a b/ä\n{Hex} *c\n");

        var listing = ListedSnapshot.Parse(bytes);

        listing.Root.ShouldBe(Sha256Digest.Of(bytes));
        listing.Files.Select(file => file.Path.Value).ShouldBe(["a b/ä", "c"]);
        listing.Files.ShouldAllBe(file => file.Blob.Hex == Hex);
        ListedSnapshot.Parse([]).Files.ShouldBeEmpty();
    }

    [Fact]
    public void Every_truncated_prefix_is_read_or_refused()
    {
        var bytes = Encoding.UTF8.GetBytes($"{Hex}  a/b\n{Hex}  c\n");
        for (var length = 0; length < bytes.Length; length++)
        {
            try
            {
                ListedSnapshot.Parse(bytes[..length]).Files.Count.ShouldBeLessThanOrEqualTo(2);
            }
            catch (JsonException)
            {
                // Refused, which is as good.
            }
        }
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{0}  ../up")]
    [InlineData("{0}  /root")]
    [InlineData("{0}a  x")]
    [InlineData("{0}\tx")]
    public void Everything_else_is_refused(string line)
        => Should.Throw<JsonException>(() => ListedSnapshot.Parse(Encoding.UTF8.GetBytes(string.Format(null, line, Hex))));
}
