using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>Writes a page piece by piece. What is not a literal of ours goes through <see cref="Text(string)"/>, which escapes it for text
/// and for quoted attributes alike.</summary>
internal sealed class HtmlWriter(PipeWriter output)
{
    /// <summary>Unsent bytes after which the page so far is sent.</summary>
    private const int FlushAt = 32 * 1024;

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private int _unsent;

    /// <summary>Writes markup.</summary>
    public HtmlWriter Raw(ReadOnlySpan<byte> markup)
    {
        // Asked for outright: the server's writer may answer an open request with no room at all at the end of a block.
        markup.CopyTo(output.GetSpan(markup.Length));
        output.Advance(markup.Length);
        _unsent += markup.Length;
        return this;
    }

    /// <summary>Writes text, escaped.</summary>
    public HtmlWriter Text(string text)
    {
        var escaped = Encoder.Encode(text);
        var span = output.GetSpan(Encoding.UTF8.GetMaxByteCount(escaped.Length));
        var written = Encoding.UTF8.GetBytes(escaped, span);
        output.Advance(written);
        _unsent += written;
        return this;
    }

    /// <summary>Sends what is written when it is enough, waiting for a slow client.</summary>
    public async ValueTask FlushIfFullAsync(CancellationToken cancellation)
    {
        if (_unsent < FlushAt)
            return;
        _unsent = 0;
        var flushed = await output.FlushAsync(cancellation);
        if (flushed.IsCompleted || flushed.IsCanceled)
            throw new OperationCanceledException("The client went away.", cancellation);
    }
}
