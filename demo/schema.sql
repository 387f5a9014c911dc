-- The demo shop. Safe to run any number of times.

create table if not exists orders (
  order_id bigint primary key,
  customer_email text not null,
  status text not null default 'pending'
    check (status in ('pending', 'confirmed', 'shipped', 'completed', 'cancelled')),
  amount numeric(12, 2) not null,
  currency text not null,
  sku text not null,
  quantity int not null check (quantity > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists payments (
  payment_id text primary key,
  order_id bigint not null references orders (order_id),
  customer_email text not null,
  amount numeric(12, 2) not null,
  currency text not null,
  card_token text not null,
  status text not null default 'pending'
    check (status in ('pending', 'failed', 'succeeded', 'cancelled', 'written_off')),
  decline_code text,
  updated_at timestamptz not null default now()
);

create table if not exists stock (
  sku text primary key,
  available int not null check (available >= 0)
);

-- A released row without a sku is a tombstone: its order was cancelled before it was reserved.
create table if not exists reservations (
  order_id bigint primary key,
  sku text,
  quantity int not null check (quantity >= 0),
  state text not null check (state in ('reserved', 'released', 'shipped')),
  check (state = 'released' or sku is not null)
);

-- Changes carry the row as it was before: routes tell one change of status from another by it.
alter table orders replica identity full;
alter table payments replica identity full;

insert into stock (sku, available) values
  ('lamp', 1000000),
  ('chair', 1000),
  ('desk', 25),
  ('rare-lamp', 0)
on conflict (sku) do nothing;
