using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Client;

public sealed class BlobUploaderTests : IDisposable
{
    private const int Size = 3 << 20;

    private readonly string _folder = TestFolder.Make("entrepot-upload-");
    private readonly FakeTimeProvider _time = new();
    private readonly BlackHole _server = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(long.MaxValue)]
    public async Task A_connection_that_takes_no_more_bytes_is_left_and_the_upload_goes_on(long resumableFrom)
    {
        var file = Write();
        _server.SwallowAfter = 1 << 20;

        await DriveAsync(Uploader(resumableFrom).UploadAsync(file, SilentObserver.Instance, default));

        _server.Received.ToArray().ShouldBe(await File.ReadAllBytesAsync(file.File.FullPath));
        _server.Asked.ShouldBe(resumableFrom == 1 ? ["PUT", "PATCH", "HEAD", "PATCH"] : ["PUT", "PUT"]);
    }

    [Fact]
    public async Task An_answer_that_never_comes_is_asked_for()
    {
        var file = Write();
        _server.SwallowAfter = Size;

        await DriveAsync(Uploader(1).UploadAsync(file, SilentObserver.Instance, default));

        _server.Asked.ShouldBe(["PUT", "PATCH", "HEAD"]);
    }

    [Fact]
    public async Task A_network_that_swallows_everything_ends_the_push_with_its_reason()
    {
        var file = Write();
        _server.SwallowsAll = true;

        var error = await DriveAsync(Uploader(long.MaxValue).UploadAsync(file, SilentObserver.Instance, default)).ShouldThrowAsync<FaultException>();

        error.Fault.Is(ClientFault.Interrupted).ShouldBeTrue();
        error.Message.ShouldBe("http://push.test took no byte for 90 s.");
        _server.Asked.Count.ShouldBe(6);
    }

    [Fact]
    public async Task A_slow_connection_is_no_stall()
    {
        var file = Write();
        _server.OnBlock = () => _time.Advance(TimeSpan.FromSeconds(80));

        await Uploader(1).UploadAsync(file, SilentObserver.Instance, default);

        _server.Asked.ShouldBe(["PUT", "PATCH"]);
    }

    [Fact]
    public async Task The_caller_still_can_cancel()
    {
        var file = Write();
        _server.SwallowsAll = true;
        using var stop = new CancellationTokenSource();

        var uploading = Uploader(1).UploadAsync(file, SilentObserver.Instance, stop.Token);
        await stop.CancelAsync();

        await uploading.ShouldThrowAsync<OperationCanceledException>();
    }

    private BlobUploader Uploader(long resumableFrom)
    {
        var network = new NetworkDocument("n", "s", [new SurfaceDocument("push", "n", "http://push.test", 80, "", "")]);
        var http = new HttpClient(_server) { Timeout = Timeout.InfiniteTimeSpan };
        return new BlobUploader(new EntrepotClient(http, network), new UploadLimits { ResumableFrom = resumableFrom }, null, _time);
    }

    private HashedFile Write()
    {
        var bytes = TestBlob.Of(Size).Bytes;
        var path = Path.Combine(_folder, "file");
        File.WriteAllBytes(path, bytes);
        return new HashedFile(new LocalFile(path, ContentPath.Parse("file"), bytes.Length, DateTimeOffset.UnixEpoch), Sha256Digest.Of(bytes));
    }

    /// <summary>Lets time pass while nothing else happens.</summary>
    private async Task DriveAsync(Task uploading)
    {
        for (var i = 0; i < 5000 && !uploading.IsCompleted; i++)
        {
            await Task.WhenAny(uploading, Task.Delay(2));
            if (_server.IsSwallowing)
                _time.Advance(TimeSpan.FromSeconds(10));
            else if (_server.InFlight == 0)
                _time.Advance(TimeSpan.FromSeconds(1));
        }

        await uploading.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>A push surface whose network swallows what is sent at some time, without a word.</summary>
    private sealed class BlackHole : HttpMessageHandler
    {
        private int _inFlight;

        public MemoryStream Received { get; } = new();

        public List<string> Asked { get; } = [];

        /// <summary>The first body is taken up to here, and then nothing happens any more.</summary>
        public long SwallowAfter { get; set; } = long.MaxValue;

        public bool SwallowsAll { get; set; }

        public Action OnBlock { get; set; } = static () => { };

        public bool IsSwallowing { get; private set; }

        public int InFlight => Volatile.Read(ref _inFlight);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _inFlight);
            try
            {
                return await AnswerAsync(request, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _inFlight);
            }
        }

        private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (Asked)
                Asked.Add(request.Method.Method);
            if (SwallowsAll)
                await SwallowAsync(cancellationToken);
            if (request.Method == HttpMethod.Put && request.Headers.Contains("Upload-Complete"))
                return new HttpResponseMessage(HttpStatusCode.Created) { Headers = { Location = new Uri("http://push.test/uploads/1") } };
            if (request.Method == HttpMethod.Head)
            {
                var answer = new HttpResponseMessage(HttpStatusCode.NoContent);
                answer.Headers.Add("Upload-Offset", $"{Received.Length}");
                answer.Headers.Add("Upload-Complete", Received.Length == Size ? "?1" : "?0");
                return answer;
            }

            if (request.Method == HttpMethod.Put)
                Received.SetLength(0);
            await request.Content!.CopyToAsync(new Taker(this), cancellationToken);
            if (SwallowAfter == Received.Length)
                await SwallowAsync(cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.Created);
        }

        private async Task SwallowAsync(CancellationToken cancellation)
        {
            SwallowAfter = long.MaxValue;
            IsSwallowing = true;
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            finally
            {
                IsSwallowing = false;
            }
        }

        private sealed class Taker(BlackHole hole) : Stream
        {
            public override bool CanRead => false;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => throw new NotSupportedException();

            public override long Position
            {
                get => throw new NotSupportedException();
                set => throw new NotSupportedException();
            }

            public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            {
                if (hole.Received.Length >= hole.SwallowAfter)
                    await hole.SwallowAsync(cancellationToken);
                hole.OnBlock();
                hole.Received.Write(buffer.Span);
            }

            public override void Flush()
            {
            }

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();

            public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        }
    }
}
