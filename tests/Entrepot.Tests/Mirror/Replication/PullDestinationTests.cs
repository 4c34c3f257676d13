using System.Diagnostics;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Replication;

namespace Entrepot.Tests.Mirror.Replication;

public sealed class PullDestinationTests : IDisposable
{
    private readonly string _folder = TestFolder.Make("entrepot-target-");
    private readonly TestBlob _blob = TestBlob.Of(3 << 20);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_pipe_is_refused_and_stays_a_pipe()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs mkfifo");
        using (var mkfifo = Process.Start("mkfifo", [At("pipe")]))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(At("link"), "pipe");

        foreach (var name in new[] { "pipe", "link" })
        {
            var source = new FakeSource("a", _blob);
            var error = await PullAsync(At(name), source).ShouldThrowAsync<FaultException>();

            error.Fault.Is(ReplicationFault.Destination).ShouldBeTrue(error.Message);
            error.Message.ShouldContain("device, pipe or socket");
            source.Requests.ShouldBe(0);
        }

        FileKinds.Of(At("pipe"), follow: false).ShouldBe(FileKind.Special);
        FileKinds.Of(At("link"), follow: false).ShouldBe(FileKind.Link);
        Directory.GetFileSystemEntries(_folder).Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_link_to_a_file_stays_and_the_file_behind_it_is_replaced()
    {
        Directory.CreateDirectory(At("there"));
        await File.WriteAllTextAsync(At("there/file"), "old", TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(At("second"), Path.Combine("there", "file"));
        File.CreateSymbolicLink(At("first"), "second");

        await PullAsync(At("first"), new FakeSource("a", _blob));

        new FileInfo(At("first")).LinkTarget.ShouldBe("second");
        _blob.Is(await File.ReadAllBytesAsync(At("there/file"), TestContext.Current.CancellationToken)).ShouldBeTrue();
        Directory.GetFileSystemEntries(At("there")).ShouldBe([At("there/file")]);
    }

    [Theory]
    [InlineData("nowhere", "a symbolic link to nothing")]
    [InlineData("folder", "a symbolic link to a folder")]
    [InlineData("loop", "a symbolic link to nothing")]
    public async Task A_link_to_something_else_is_refused(string target, string message)
    {
        Directory.CreateDirectory(At("folder"));
        File.CreateSymbolicLink(At("loop"), "loop");
        File.CreateSymbolicLink(At("link"), target);

        var error = await PullAsync(At("link"), new FakeSource("a", _blob)).ShouldThrowAsync<FaultException>();

        error.Message.ShouldContain(message);
        new FileInfo(At("link")).LinkTarget.ShouldBe(target);
    }

    [Fact]
    public async Task The_longest_name_that_a_file_system_takes_can_be_pulled()
    {
        var file = At(new string('n', 255));

        await PullAsync(file, new FakeSource("a", _blob));

        _blob.Is(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)).ShouldBeTrue();
        Directory.GetFileSystemEntries(_folder).ShouldBe([file]);
    }

    [Fact]
    public async Task Files_named_as_parts_once_were_do_not_get_into_each_other()
    {
        var (part, state) = (TestBlob.Of(2 << 20, 5), TestBlob.Of(1 << 20, 6));
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(
                PullAsync(At("foo"), new FakeSource("a", _blob)), PullAsync(At("foo.entrepot-part"), new FakeSource("b", part), part),
                PullAsync(At("foo.entrepot-part.state"), new FakeSource("c", state), state));

            _blob.Is(await File.ReadAllBytesAsync(At("foo"), TestContext.Current.CancellationToken)).ShouldBeTrue();
            part.Is(await File.ReadAllBytesAsync(At("foo.entrepot-part"), TestContext.Current.CancellationToken)).ShouldBeTrue();
            state.Is(await File.ReadAllBytesAsync(At("foo.entrepot-part.state"), TestContext.Current.CancellationToken)).ShouldBeTrue();
            Directory.GetFileSystemEntries(_folder).Length.ShouldBe(3);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".state")]
    public async Task A_users_own_file_where_a_part_would_be_is_not_touched(string suffix)
    {
        var place = PartPlace.Of(At("out"));
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        await File.WriteAllTextAsync(place + suffix, "mine", TestContext.Current.CancellationToken);

        var error = await PullAsync(At("out"), new FakeSource("a", _blob)).ShouldThrowAsync<FaultException>();

        error.Fault.Is(ReplicationFault.Destination).ShouldBeTrue(error.Message);
        error.Message.ShouldContain(place + suffix);
        (await File.ReadAllTextAsync(place + suffix, TestContext.Current.CancellationToken)).ShouldBe("mine");
    }

    [Fact]
    public async Task A_pull_that_got_nothing_leaves_nothing()
    {
        await PullAsync(At("out"), new FakeSource("a")).ShouldThrowAsync<FaultException>();

        Directory.GetFileSystemEntries(_folder).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_folder_that_may_not_be_written_is_forbidden(bool isReadOnly)
        => PartFile.Translate(isReadOnly ? new IOException("Read-only file system", 30) : new UnauthorizedAccessException("Permission denied"), "out")
            .Fault.Kind.ShouldBe(FaultKind.Forbidden);

    [Fact]
    public async Task Sources_that_all_say_why_they_refuse_are_asked_three_times_and_told_once()
    {
        var (a, b) = (new Refusing("a"), new Refusing("b"));
        var reports = new List<PullProgress>();
        var downloader = new PullDownloader(new PullOptions { ReportEvery = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);

        var error = await downloader.DownloadAsync(_blob.Fingerprint, [a, b], At("out"), new Sync(reports.Add), TestContext.Current.CancellationToken)
            .ShouldThrowAsync<FaultException>();

        error.Fault.Is(ReplicationFault.SourcesExhausted).ShouldBeTrue(error.Message);
        error.Message.ShouldContain("a: answered 503: Piece 0 is damaged at rest; b: answered 503: Piece 0 is damaged at rest");
        error.Fault.Cure!.ShouldStartWith("Run 'entrepot verify --deep'.");
        // Three pieces are wanted, and all of them are asked for side by side.
        (a.Asked + b.Asked).ShouldBeLessThanOrEqualTo(3 * 2 * 3);
        reports.SelectMany(static report => report.News).Select(static news => news.Source).Order().ShouldBe(["a", "b"]);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private Task<PullResult> PullAsync(string destination, IPieceSource source, TestBlob? blob = null)
        => new PullDownloader(new PullOptions { GiveUpAfter = TimeSpan.Zero }, TimeProvider.System)
            .DownloadAsync((blob ?? _blob).Fingerprint, [source], destination, null, TestContext.Current.CancellationToken);

    private sealed class Sync(Action<PullProgress> take) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => take(value);
    }

    private sealed class Refusing(string name) : IPieceSource
    {
        private int _asked;

        public string Name => name;

        public int Asked => _asked;

        public ValueTask<Stream> OpenAsync(Entrepot.Mirror.Integrity.Fingerprint blob, int piece, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _asked);
            throw new SourceFailure(ReplicationFault.Refused, "answered 503: Piece 0 is damaged at rest.", "Run 'entrepot verify --deep'.").ToException();
        }
    }
}
