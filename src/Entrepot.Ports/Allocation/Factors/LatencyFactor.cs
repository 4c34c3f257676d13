namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 8: 5 ms and less is as good as it gets (one site), half a second as bad (people notice, retries begin).</summary>
internal sealed class LatencyFactor : PathFactor
{
    public override PortFactor Factor => PortFactor.Latency;

    public override double? Value(PathMeasure measure) => measure.Latency?.TotalMilliseconds;

    public override byte Score(double value) => Logarithmic(value, worst: 500, best: 5);

    protected override string Text(double value) => Format($"{value:0.#} ms");
}
