using Entrepot.Core.Identities;
using Entrepot.Server.Client;

namespace Entrepot.Tests.Server.Client;

public sealed class UploadBookTests : IDisposable
{
    private static readonly Sha256Digest Blob = Sha256Digest.Of("x"u8);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-book-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_upload_is_found_again_until_it_is_struck_out()
    {
        var book = new UploadBook(Path.Combine(_folder, "made", "later"));
        book.Find("http://h:1", Blob).ShouldBeNull();
        book.Note("http://h:1", Blob, new Uri("http://h:1/v1/uploads/7"));

        new UploadBook(Path.Combine(_folder, "made", "later")).Find("http://h:1", Blob).ShouldBe(new Uri("http://h:1/v1/uploads/7"));
        book.Find("http://h:2", Blob).ShouldBeNull();
        book.Find("http://h:1", Sha256Digest.Of("y"u8)).ShouldBeNull();
        book.Strike("http://h:1", Blob);
        book.Find("http://h:1", Blob).ShouldBeNull();
    }

    [Theory]
    [InlineData("http://elsewhere:1/v1/uploads/7")]
    [InlineData("no address")]
    [InlineData("")]
    public void An_entry_that_leads_elsewhere_is_not_believed(string entry)
    {
        var book = new UploadBook(_folder);
        book.Note("http://h:1", Blob, new Uri("http://h:1/v1/uploads/7"));
        File.WriteAllText(Directory.GetFiles(_folder).Single(), entry);

        book.Find("http://h:1", Blob).ShouldBeNull();
    }

    [Fact]
    public void A_folder_that_can_not_be_written_costs_nothing()
    {
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        var book = new UploadBook(Path.Combine(_folder, "file", "below"));

        book.Note("http://h:1", Blob, new Uri("http://h:1/v1/uploads/7"));
        book.Strike("http://h:1", Blob);

        book.Find("http://h:1", Blob).ShouldBeNull();
    }
}
