/**
 * Tables and functions of the limits in PostgreSQL. Each call is one function, in one round trip; it holds an advisory
 * lock for each bucket, taken in one order, until it commits, so buckets are decided one call at a time and calls on
 * different buckets do not wait for each other. Time is the server's. Amounts are `numeric`: exact.
 *
 * As in the other stores a window is carried on: `used` is what entries at or after `since` add up to.
 */
export const SCHEMA = `
CREATE SCHEMA IF NOT EXISTS sallyport;
CREATE SEQUENCE IF NOT EXISTS sallyport.limit_entry;
CREATE TABLE IF NOT EXISTS sallyport.limit_buckets (
  bucket text PRIMARY KEY,
  last   bigint NOT NULL,
  keep   bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS sallyport.limit_log (
  bucket text NOT NULL,
  at     bigint NOT NULL,
  entry  bigint NOT NULL,
  amount numeric NOT NULL,
  PRIMARY KEY (bucket, at, entry)
);
CREATE TABLE IF NOT EXISTS sallyport.limit_windows (
  bucket text NOT NULL,
  name   text NOT NULL,
  since  bigint NOT NULL,
  idle   bigint NOT NULL,
  used   numeric NOT NULL,
  PRIMARY KEY (bucket, name)
);
CREATE TABLE IF NOT EXISTS sallyport.limit_leases (
  entry bigint PRIMARY KEY,
  due   bigint NOT NULL,
  taken jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS limit_leases_due ON sallyport.limit_leases (due);

CREATE OR REPLACE FUNCTION sallyport.limit_now(given bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(given, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- In one order for all, so that nobody waits in a circle.
CREATE OR REPLACE FUNCTION sallyport.limit_lock(buckets text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE key bigint;
BEGIN
  FOR key IN SELECT DISTINCT hashtextextended(name, 7420) FROM unnest(buckets) AS name ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(key);
  END LOOP;
END $$;

-- Where a demand in shadow would have refused, the answer names it as watched, and no bucket in shadow is entered.
-- calls: {lease, now, buckets: [{bucket, amount, keep}], demands: [{bucket, window, length | from and until, max, shadow}]}
CREATE OR REPLACE FUNCTION sallyport.limit_reserve(call jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  names text[] := ARRAY(SELECT b->>'bucket' FROM jsonb_array_elements(call->'buckets') AS b ORDER BY 1);
  started bigint;
  moment bigint;
  demand record;
  held record;
  one record;
  since_now bigint;
  used_now numeric;
  refused jsonb;
  watched jsonb;
  entered text[];
  resets bigint;
  number bigint;
BEGIN
  PERFORM sallyport.limit_lock(names);
  started := sallyport.limit_now((call->>'now')::bigint);
  SELECT greatest(started, max(last)) INTO moment FROM sallyport.limit_buckets WHERE bucket = ANY (names);
  moment := coalesce(moment, started);
  IF EXISTS (SELECT FROM jsonb_array_elements(call->'demands') AS d WHERE d ? 'from'
             AND (moment < (d->>'from')::bigint OR moment >= (d->>'until')::bigint)) THEN
    RETURN jsonb_build_object('kind', 'span', 'at', moment);
  END IF;
  INSERT INTO sallyport.limit_buckets AS b (bucket, last, keep)
    SELECT e->>'bucket', moment, (e->>'keep')::bigint FROM jsonb_array_elements(call->'buckets') AS e
    ON CONFLICT (bucket) DO UPDATE SET last = excluded.last, keep = greatest(b.keep, excluded.keep);

  FOR demand IN
    SELECT d.ordinality - 1 AS index, d.value->>'bucket' AS bucket, d.value->>'window' AS window_name,
           (d.value->>'length')::bigint AS length, (d.value->>'from')::bigint AS span_from, (d.value->>'until')::bigint AS span_until,
           (d.value->>'max')::numeric AS most, (d.value->>'shadow')::boolean AS shadow, (e.value->>'amount')::numeric AS amount
    FROM jsonb_array_elements(call->'demands') WITH ORDINALITY AS d
    JOIN jsonb_array_elements(call->'buckets') AS e ON e.value->>'bucket' = d.value->>'bucket'
    ORDER BY d.ordinality
  LOOP
    since_now := coalesce(moment - demand.length + 1, demand.span_from);
    SELECT since, used INTO held FROM sallyport.limit_windows WHERE bucket = demand.bucket AND name = demand.window_name;
    IF NOT FOUND THEN
      SELECT coalesce(sum(amount), 0) INTO used_now FROM sallyport.limit_log WHERE bucket = demand.bucket AND at >= since_now;
    ELSE
      SELECT held.used - coalesce(sum(amount), 0) INTO used_now FROM sallyport.limit_log
        WHERE bucket = demand.bucket AND at >= held.since AND at < since_now;
      since_now := greatest(since_now, held.since);
    END IF;
    INSERT INTO sallyport.limit_windows AS w (bucket, name, since, idle, used)
      VALUES (demand.bucket, demand.window_name, since_now, coalesce(since_now + 2 * demand.length, demand.span_until), used_now)
      ON CONFLICT (bucket, name) DO UPDATE SET since = excluded.since, idle = excluded.idle, used = excluded.used
      WHERE w.since <> excluded.since;
    IF watched IS NULL AND demand.shadow AND used_now + demand.amount > demand.most THEN
      watched := jsonb_build_object('index', demand.index, 'used', used_now::text);
    END IF;
    IF refused IS NULL AND NOT demand.shadow AND used_now + demand.amount > demand.most THEN
      resets := demand.span_until;
      IF demand.length IS NOT NULL THEN
        SELECT min(l.at) + demand.length INTO resets FROM (
          SELECT at, sum(amount) OVER (ORDER BY at, entry) AS left_by_then
          FROM sallyport.limit_log WHERE bucket = demand.bucket AND at >= since_now
        ) AS l WHERE used_now - l.left_by_then + demand.amount <= demand.most;
      END IF;
      refused := jsonb_build_object('kind', 'exceeded', 'at', moment, 'index', demand.index, 'used', used_now::text, 'resets', resets);
    END IF;
  END LOOP;

  IF refused IS NULL THEN
    number := nextval('sallyport.limit_entry');
    entered := ARRAY(SELECT DISTINCT d->>'bucket' FROM jsonb_array_elements(call->'demands') AS d
      WHERE watched IS NULL OR NOT (d->>'shadow')::boolean);
    INSERT INTO sallyport.limit_log (bucket, at, entry, amount)
      SELECT e->>'bucket', moment, number, (e->>'amount')::numeric FROM jsonb_array_elements(call->'buckets') AS e
      WHERE e->>'bucket' = ANY (entered);
    UPDATE sallyport.limit_windows AS w SET used = w.used + (e->>'amount')::numeric
      FROM jsonb_array_elements(call->'buckets') AS e WHERE w.bucket = e->>'bucket' AND w.bucket = ANY (entered);
    INSERT INTO sallyport.limit_leases (entry, due, taken)
      SELECT number, started + (call->>'lease')::bigint, coalesce(jsonb_agg(jsonb_build_object('bucket', name, 'at', moment)), '[]')
      FROM unnest(entered) AS name;
  END IF;
  -- A window that nobody asks for goes, and who does again adds it up anew; then what no window holds goes.
  FOR one IN SELECT bucket, keep FROM sallyport.limit_buckets WHERE bucket = ANY (names) LOOP
    DELETE FROM sallyport.limit_windows WHERE bucket = one.bucket AND idle <= moment;
    DELETE FROM sallyport.limit_log WHERE bucket = one.bucket AND at <= moment - one.keep
      AND at < (SELECT coalesce(min(since), moment) FROM sallyport.limit_windows WHERE bucket = one.bucket);
  END LOOP;
  RETURN coalesce(refused, jsonb_build_object('kind', 'reserved', 'at', moment, 'entry', number, 'watched', watched));
END $$;

-- Several calls, decided one after the other in one transaction; every lock is taken before the first.
CREATE OR REPLACE FUNCTION sallyport.limit_reserve_all(calls jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  one jsonb;
  answers jsonb := '[]';
BEGIN
  PERFORM sallyport.limit_lock(ARRAY(
    SELECT DISTINCT b->>'bucket' FROM jsonb_array_elements(calls) AS c, jsonb_array_elements(c->'buckets') AS b));
  FOR one IN SELECT value FROM jsonb_array_elements(calls) LOOP
    answers := answers || jsonb_build_array(sallyport.limit_reserve(one));
  END LOOP;
  RETURN answers;
END $$;

CREATE OR REPLACE FUNCTION sallyport.limit_give_back(number bigint, taken jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
  back numeric;
BEGIN
  PERFORM sallyport.limit_lock(ARRAY(SELECT t->>'bucket' FROM jsonb_array_elements(taken) AS t));
  DELETE FROM sallyport.limit_leases WHERE entry = number;
  FOR one IN SELECT t->>'bucket' AS bucket, (t->>'at')::bigint AS at FROM jsonb_array_elements(taken) AS t LOOP
    DELETE FROM sallyport.limit_log WHERE bucket = one.bucket AND at = one.at AND entry = number RETURNING amount INTO back;
    IF FOUND THEN
      UPDATE sallyport.limit_windows SET used = used - back WHERE bucket = one.bucket AND since <= one.at;
    END IF;
  END LOOP;
END $$;

-- A lease that is confirmed meanwhile is skipped: whoever deletes its row first has decided.
CREATE OR REPLACE FUNCTION sallyport.limit_sweep(given bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  lapsed record;
  one record;
  count integer := 0;
BEGIN
  FOR lapsed IN SELECT entry, taken FROM sallyport.limit_leases WHERE due <= sallyport.limit_now(given) ORDER BY due LIMIT 1 LOOP
    PERFORM sallyport.limit_lock(ARRAY(SELECT t->>'bucket' FROM jsonb_array_elements(lapsed.taken) AS t));
    DELETE FROM sallyport.limit_leases WHERE entry = lapsed.entry;
    IF FOUND THEN
      PERFORM sallyport.limit_give_back(lapsed.entry, lapsed.taken);
      count := count + 1;
    END IF;
  END LOOP;
  IF count > 0 THEN RETURN count; END IF;
  FOR one IN SELECT bucket FROM sallyport.limit_buckets WHERE last + keep < sallyport.limit_now(given) LIMIT 100 LOOP
    -- Who holds a bucket is using it.
    CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtextextended(one.bucket, 7420));
    CONTINUE WHEN NOT EXISTS (SELECT FROM sallyport.limit_buckets WHERE bucket = one.bucket AND last + keep < sallyport.limit_now(given));
    DELETE FROM sallyport.limit_log WHERE bucket = one.bucket;
    DELETE FROM sallyport.limit_windows WHERE bucket = one.bucket;
    DELETE FROM sallyport.limit_buckets WHERE bucket = one.bucket;
  END LOOP;
  RETURN 0;
END $$;

CREATE OR REPLACE FUNCTION sallyport.limit_reset(which text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM sallyport.limit_lock(ARRAY[which]);
  DELETE FROM sallyport.limit_log WHERE bucket = which;
  DELETE FROM sallyport.limit_windows WHERE bucket = which;
  DELETE FROM sallyport.limit_buckets WHERE bucket = which;
END $$;
`;
