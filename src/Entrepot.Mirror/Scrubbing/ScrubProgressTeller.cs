
namespace Entrepot.Mirror.Scrubbing;

/// <summary>Counts what a verification has read, and tells it now and then.</summary>
internal sealed class ScrubProgressTeller(int totalBlobs, long totalBytes, IProgress<ScrubProgress> progress, TimeProvider time, TimeSpan every)
{
    private readonly List<BlobDamage> _all = [];
    private readonly List<BlobDamage> _untold = [];
    private long _toldAt = time.GetTimestamp();
    private int _blobs;
    private long _bytesBefore;
    private long _bytesOfBlob;

    /// <summary>To be called before each read; never waits.</summary>
    public ValueTask SpendAsync(int bytes, CancellationToken cancellation)
    {
        _bytesOfBlob += bytes;
        TellSometimes();
        return ValueTask.CompletedTask;
    }

    public void Found(BlobDamage damage)
    {
        _all.Add(damage);
        _untold.Add(damage);
        Tell(isDone: false);
    }

    /// <summary>A blob of the given size is done, however often its pieces were read.</summary>
    public void Passed(long size)
    {
        _blobs++;
        _bytesBefore += size;
        _bytesOfBlob = 0;
        TellSometimes();
    }

    public IReadOnlyList<BlobDamage> Finish()
    {
        Tell(isDone: true);
        return _all;
    }

    private void TellSometimes()
    {
        if (time.GetElapsedTime(_toldAt) >= every)
            Tell(isDone: false);
    }

    private void Tell(bool isDone)
    {
        progress.Report(new ScrubProgress(
            _blobs, totalBlobs, Math.Min(_bytesBefore + _bytesOfBlob, totalBytes), totalBytes, [.. _untold], isDone));
        _untold.Clear();
        _toldAt = time.GetTimestamp();
    }
}
