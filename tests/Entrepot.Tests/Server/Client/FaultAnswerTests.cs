using System.Net;
using System.Net.Http.Headers;
using Entrepot.Server.Client;

namespace Entrepot.Tests.Server.Client;

public sealed class FaultAnswerTests
{
    [Fact]
    public async Task An_answer_that_never_ends_is_not_read_to_its_end()
    {
        await using var endless = new Endless();
        using var answer = new HttpResponseMessage(HttpStatusCode.InternalServerError) { Content = new StreamContent(endless) };
        answer.Content.Headers.ContentType = new MediaTypeHeaderValue("application/problem+json");

        var fault = await EntrepotClient.FaultOfAsync(answer, TestContext.Current.CancellationToken);

        fault.Is(ClientFault.NotEntrepot).ShouldBeTrue();
        endless.Given.ShouldBeLessThan(4 << 20);
    }

    /// <summary>The beginning of a text, for as long as anybody reads; up to what a test can stand.</summary>
    private sealed class Endless : Stream
    {
        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => Given; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (Given > 64 << 20)
                return 0;
            buffer.AsSpan(offset, count).Fill((byte)'a');
            if (Given == 0)
                "{\"detail\":\""u8.CopyTo(buffer.AsSpan(offset));
            Given += count;
            return count;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
